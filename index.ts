import { JobReactor } from './distributor/job-reactor.js'

export * from './distributor/index.js'
export type { Ended, NodeEvents, NodeHandle } from './node/index.js'
export { CancelJob, FailJob } from './src/errors.js'
export { type AroundHandler, aroundJob, job, jobCallback, jobErrback } from './src/job/defining.js'
export type { ContextHandle, JobContext, JobItself, JobLog } from './src/job/job-context.js'
export type { GivenLimits, GivenRate } from './src/job/limits.js'
export type { ChildJob, ContextOptions, NeededJob, OtherJobs, WaitsForChildren } from './src/job/others.js'
export type {
  CallbackArgs,
  ErrbackHandler,
  HandlerArgs,
  JobHandler,
  JobOptions,
  JobReturn,
} from './src/job/registry.js'
export type { Backoff } from './src/job/retry-policy.js'
export type { Snooze } from './src/job/snooze.js'
export type { JobHeaders } from './src/job/terms/headers.js'

/** The ready-made instance: a distributor for this app, and a starter of nodes. */
export const JR = new JobReactor({
  // Loaded when asked for: an app that only enqueues never pays for the node's code.
  startNode: async (options) => (await import('./start-node.js')).startNode(options),
})

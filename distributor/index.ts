export { ERROR_CODES, type ErrorCode, JrError } from '../src/errors.js'
export type { AttemptError } from '../src/job/attempts.js'
export type { EnqueueOptions } from '../src/job/enqueue-options.js'
export type {
  ArgsOf,
  DoneArgs,
  FailedArgs,
  GivenFor,
  JobArgs,
  JobFailure,
  JobName,
  JobRegistry,
  ResultOf,
} from '../src/job/types.js'
export type { JrConfig } from '../src/options/config.js'
export type { DistributorOptions } from '../src/options/distributor-options.js'
export type { NodeOptions } from '../src/options/node-options.js'
export type { ScheduleOptions, When } from '../src/schedules/definition.js'
export type { LeaseState, StoredNode } from '../src/store/redis/jobs.js'
export type { ActQuery, JobFilter, JobQuery } from '../src/verbs/query.js'
export type { JobUpdate } from '../src/verbs/update.js'
export type { Address, AddressOption } from '../src/wire/address.js'
export type { DistributorEvents, JobEvent, NodeFacts, ProgressEvent } from './events.js'
export type { Batch, BatchEnd } from './flows/batch.js'
export type { FlowCounts } from './flows/counts.js'
export type { Flow } from './flows/flow.js'
export { FlowError } from './flows/flow-error.js'
export type { FlowJob, FlowNames, GivenFlow } from './flows/given.js'
export type { JobsTogether } from './flows/jobs-together.js'
export type { GivenNeeds } from './flows/plan.js'
export { Distributor } from './jr.js'
export type { JobToEnqueue, Middleware, OutcomeToTell } from './middleware.js'
export type {
  JobNameFacts,
  NodeNames,
  NodesAnswer,
  OnNode,
  PauseOptions,
  SetBy,
} from './monitor/controls.js'
export type { NameCounts, NodeCounts } from './monitor/counts.js'
export type { FailureGroup, Failures } from './monitor/failures.js'
export type { FlowPage, FlowQuery, MonitoredFlow, MonitoredFlowJob } from './monitor/flows.js'
export type { JobsMonitor, Monitor, NodeMonitor } from './monitor/monitor.js'
export type { JobAttempt, JobLogLine, LoadedJob, MonitoredJob } from './monitor/monitored-job.js'
export type { JobPage } from './monitor/node-monitor.js'
export { RedisMonitor, type RedisMonitorOptions } from './monitor/redis-monitor.js'
export type { JobSeries, OfName, SeriesParts } from './monitor/series.js'
export type { NodeChild, NodeChildren, NodeStatus, RunningAttempt } from './monitor/status.js'
export type { TagCounts } from './monitor/tags.js'
export type { JobWait } from './monitor/waits.js'
export type { SetSchedules } from './schedules/calls.js'
export type {
  Schedule,
  ScheduleCallOptions,
  Scheduled,
  ScheduleEntry,
  ScheduleList,
  ScheduleWait,
} from './schedules/schedule.js'
export type { GivenJob, GivenJobs } from './sending/given-jobs.js'
export type { SpawnOptions } from './spawned/spawn-command.js'
export type { SpawnedNode } from './spawned/spawn-node.js'
export type { StopOptions } from './start.js'
export type { FoundJob } from './told/found.js'
export type { CancelAnswer, JobHandle, WaitOptions } from './told/handle.js'
export type { JobHandles } from './told/handles.js'
export type { ErrorFeedback, OutcomeInfo, SuccessFeedback } from './told/ticket.js'

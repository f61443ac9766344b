import { CancelJob, job } from '../../../index.js'

/** Says how late it began, and never early. */
job('demo_delayed', (args, ctx) => ({ lateMs: ctx.startedAt.getTime() - Number(args.notBefore) }))

/** A schedule that ends itself after three runs. */
job('demo_tick', (_args, ctx) => {
  if (ctx.run > 3) throw new CancelJob('three runs are enough')
  return { run: ctx.run }
})

job('demo_pinned', (_args, ctx) => ({ ranOn: ctx.node }))

/** Fails twice, then succeeds. */
job('demo_flaky', { backoff: 0.1 }, (_args, ctx) => {
  if (ctx.attempt < 3) throw new Error(`attempt ${ctx.attempt} fails on purpose`)
  return { attempts: ctx.attempt }
})

/** Fails for good. */
job('demo_hopeless', { maxAttempts: 2, backoff: 0.1 }, () => {
  throw new Error('this job fails on purpose')
})

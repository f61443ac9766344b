import { job } from 'job-reactor'

job('where', (_args, ctx) => ({ node: ctx.node }))

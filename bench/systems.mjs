import { bare } from './ours/bare.mjs'
import { besideOurs } from './ours/beside.mjs'
import { jobReactor, jobReactorRedis } from './ours/job-reactor.mjs'
import { beanstalkd } from './peers/beanstalkd.mjs'
import { beeQueue } from './peers/bee-queue.mjs'
import { bullmq } from './peers/bullmq.mjs'
import { graphileWorker } from './peers/graphile-worker.mjs'
import { nats } from './peers/nats.mjs'
import { pgBoss } from './peers/pg-boss.mjs'
import { piscina } from './peers/piscina.mjs'
import { plainjob } from './peers/plainjob.mjs'
import { rabbitmq } from './peers/rabbitmq.mjs'

/**
 * A system: its `name`, what it does for `durability` and `results`, the `command` that it `needs`, its `packages`, the
 * lowest major version of `node`, and why it `cannot` take part in a workload.
 * `start(sample)` answers `enqueue(args)`, which may be a promise of its acceptance, and the `versions` of its parts.
 */
export const OURS = [...jobReactor, ...(await besideOurs(process.env.JR_BENCH_BESIDE)), bare]
export const PEERS = [
  ...jobReactorRedis,
  ...bullmq,
  ...beeQueue,
  graphileWorker,
  ...pgBoss,
  plainjob,
  ...beanstalkd,
  rabbitmq,
  nats,
  piscina,
]
export const SYSTEMS = [...OURS, ...PEERS]

// job-reactor: an app with a distributor, a node that it spawned, one evented child that runs 500 jobs at once. Results
// come back by success feedbacks; they are kept on the node's disk until the app has them.
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Distributor } from '../../dist/distributor/index.js'
import { REDIS, redisVersion, startRedis } from '../peers/servers/redis.mjs'

const VERSION = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
const JOBS = new URL('../jobs', import.meta.url).pathname
const FSYNC = 'group commit, fsync before accepted'
/** One evented child that runs 500 jobs at once. */
export const NODE = {
  name: 'bench',
  jobs: JOBS,
  children: 1,
  deferredChildren: 0,
  standbyChildren: 0,
  concurrency: 500,
  maxArgs: '2MiB',
  maxResult: '2MiB',
  logLevel: 'error',
}

/**
 * `node`: options of the node, on top of those above. A store and a durability are among them. `both`: options of the app
 * and the node.
 */
export async function startOurs(sample, node, both = {}) {
  const app = new Distributor({ logLevel: 'silent', ...both })
  sample.defer(() => app.stop())
  const options = { ...NODE, dir: sample.dir, ...node, ...both }
  const started = sample.hold ? await startHeld(sample, app, options) : await startSpawned(app, options)

  const onSuccess = sample.inbox.take
  let many = 0
  const onError = (args, info) => sample.fail(new Error(`job ${info.id} failed: ${args.error.message}`))
  const enqueue = (args, options, name = 'noop') => app.enqueue(name, args, options, onSuccess, onError)
  return {
    enqueue: (args) => void enqueue(args),
    enqueueMany:
      typeof app.enqueueMany === 'function'
        ? (list) => void app.enqueueMany('noop', list, undefined, onSuccess, onError)
        : undefined,
    enqueueLarge: (args) => void enqueue(args, undefined, 'large'),
    enqueueNamed: (name, args) => void enqueue(args, undefined, name),
    stored: (args) => enqueue(args).accepted,
    storedAs: (args, priority) => enqueue(args, { priority }).accepted,
    storedUntil: (args, due, wanted) =>
      wanted ? enqueue(args, { runAt: due }).accepted : app.enqueue('noop', args, { runAt: due }).accepted,
    /** Jobs that nobody waits for, of so many priorities. */
    storeMany(count, after, priorities) {
      const options = () => (priorities === 1 ? { after } : { after, priority: many++ % priorities })
      const handles = Array.from({ length: count }, (_, x) => app.enqueue('noop', { x }, options()))
      return handles.at(-1).accepted
    },
    ...started,
    versions: { 'job-reactor': VERSION },
  }
}

async function startSpawned(app, options) {
  await app.start()
  let node = await app.spawnNode(options)
  return {
    stopNode: () => node.stop(),
    async startNode() {
      node = await app.spawnNode(options)
    },
  }
}

/** Every place on its child is taken by a job that waits for the gate to open: what is enqueued waits in the store. */
async function startHeld(sample, app, options) {
  const spawned = await startSpawned(app, options)
  const gate = `${sample.dir}-gate`
  sample.defer(() => rmSync(gate, { force: true }))
  const gates = Array.from({ length: options.concurrency }, () => app.enqueue('gate', { gate }).accepted)
  await Promise.all(gates)
  return { ...spawned, release: () => writeFileSync(gate, 'open') }
}

/** A row of its own for options of the node that matter to one workload. */
export function jobReactorWith(name, node) {
  return {
    name: `job-reactor, ${name}`,
    durability: node.durability === 'os' ? 'group commit, no fsync: survives a killed process' : FSYNC,
    results: 'success feedback, kept on disk until taken',
    start: (sample) => startOurs(sample, node),
  }
}

/** Both sides know a secret: every frame between them has a seal. */
const jobReactorWithSecret = {
  ...jobReactorWith('fsync and a secret', { durability: 'fsync' }),
  start(sample) {
    const secretFile = `${sample.dir}-secret`
    writeFileSync(secretFile, randomBytes(32).toString('hex'), { mode: 0o600 })
    return startOurs(sample, { durability: 'fsync' }, { secretFile })
  },
}

/** The same node with its jobs in a Redis that this sample starts. */
function jobReactorOnRedis(appendfsync, durability) {
  return {
    name: `job-reactor on Redis, ${appendfsync}`,
    durability,
    results: 'success feedback, kept in Redis until taken',
    needs: REDIS,
    async start(sample) {
      const port = await startRedis(sample, appendfsync)
      const system = await startOurs(sample, { store: 'redis', redisUrl: `redis://127.0.0.1:${port}` })
      return { ...system, versions: { ...system.versions, redis: redisVersion() } }
    },
  }
}

export const jobReactorRedis = [
  jobReactorOnRedis('everysec', 'AOF, fsync once a second'),
  jobReactorOnRedis('always', 'AOF, fsync before each answer'),
]

export const jobReactor = [
  jobReactorWith('fsync', { durability: 'fsync' }),
  jobReactorWith('os', { durability: 'os' }),
  jobReactorWithSecret,
]

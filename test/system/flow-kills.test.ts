import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Distributor } from '#dist/distributor/index.js'
import type { Need } from '#dist/src/job/terms/flow.js'
import {
  afterEnd,
  atFirst,
  type FlowShape,
  flowShapes,
  type ModelState,
  type ModelStates,
} from '../fixtures/flow-model.js'
import { type RedisServer, startRedis, withoutRedis } from '../store-redis/redis-server.js'
import { descendants, event, folder, JOBS, randomOf, startApp, until } from './harness.js'

const MANY = process.env.JR_TEST_ROUNDS
const SEED = Number(process.env.JR_TEST_SEED ?? Date.now() % 1_000_000)
const FLOWS = 5
const MOST_JOBS = MANY === undefined ? 12 : 200

type Victim = 'node' | 'child' | 'app' | 'redis'

/** How a job ends when it runs. */
function endOf(key: string): 'completed' | 'failed' | 'cancelled' {
  const sum = [...key].reduce((sum, letter) => sum + letter.charCodeAt(0), 0)
  if (sum % 5 === 0) return 'failed'
  return sum % 7 === 0 ? 'cancelled' : 'completed'
}

/** How a flow ends, whatever the order in which its jobs do. */
function endsOf(shape: FlowShape): ModelStates {
  let states = atFirst(shape)
  for (;;) {
    const [key] = [...states].find(([, state]) => state === 'open') ?? []
    if (key === undefined) return states
    states = afterEnd(shape, states, key, endOf(key))
  }
}

/** Each need is said once, by key: as it is given to an app. */
function asGiven({ failFast, jobs }: FlowShape): FlowShape {
  const keys = jobs.map(({ key }) => key)
  const each = (own: string, { key, onFail }: Need) =>
    (key === null ? keys.filter((one) => one !== own) : [key]).map((one) => ({ key: one, onFail }))
  const said = (own: string, needs: readonly Need[]) => [
    ...new Map(needs.flatMap((need) => each(own, need)).map((need) => [need.key, need])).values(),
  ]
  return { failFast, jobs: jobs.map(({ key, needs }) => ({ key, needs: said(key, needs) })) }
}

/** A flow under way: `jobs` are given to an app, and `ids` found by key when they have ended. */
interface Going {
  readonly shape: FlowShape
  readonly id: string
  readonly cancelAfter: number | undefined
  readonly jobs: Record<string, { name: string; args: object; needs: object; opts: object }>
}

function goingOf(shape: FlowShape, id: string, log: string, cancelAfter: number | undefined): Going {
  const jobs = shape.jobs.map(({ key, needs }) => {
    const args = { log, as: `${id}.${key}`, ends: endOf(key) }
    const fate = Object.fromEntries(needs.map((need) => [need.key, need.onFail]))
    return [key, { name: 'flow_member', args, needs: fate, opts: { id: `${id}.${key}` } }] as const
  })
  return { shape, id, cancelAfter, jobs: Object.fromEntries(jobs) }
}

/** An app of its own process, which may be killed. */
class KilledApp {
  readonly #spool: string
  readonly path: string
  readonly said = new Set<string>()
  process: ChildProcess | null = null

  constructor(t: Test, dir: string) {
    this.#spool = join(dir, 'spool')
    this.path = join(dir, 'sock')
    t.teardown(() => this.process?.kill('SIGKILL'))
  }

  /** Resolves when a node has all that an earlier life has left. */
  async start(): Promise<void> {
    const fixture = resolve('test/fixtures/flow-app.mjs')
    this.process = spawn(process.execPath, [fixture, this.path, this.#spool], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.said.delete('back')
    let rest = ''
    this.process.stdin?.on('error', () => {})
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.said.add(line)
    })
    await until(() => this.said.has('back'))
  }

  enqueue({ id, shape, jobs, cancelAfter }: Going): void {
    const line = JSON.stringify({ id, failFast: shape.failFast, jobs, cancelAfter })
    this.process?.stdin?.write(`${line}\n`)
  }

  async kill(): Promise<void> {
    const gone = new Promise((done) => this.process?.once('exit', done))
    this.process?.kill('SIGKILL')
    await gone
    await this.start()
  }
}

interface Ran {
  readonly as: string
  readonly needs: readonly string[]
}

/** What is wrong with the ends of a flow. */
function faultsOf(going: Going, states: ReadonlyMap<string, ModelState>, ran: readonly Ran[]): string[] {
  const { shape, id, cancelAfter } = going
  const expected = endsOf(shape)
  const hasRun = (key: string) => ran.some(({ as }) => as === `${id}.${key}`)
  const faults: string[] = []
  for (const { key, needs } of shape.jobs) {
    const state = states.get(key)
    const failing = needs.some((need) => need.onFail === 'fail' && states.get(need.key ?? '') !== 'completed')
    const its = `${key} is ${state}`
    if (state === 'completed' && (failing || !hasRun(key))) faults.push(`${its}, and had no cause to run`)
    if (state === 'failed' && !failing && endOf(key) !== 'failed') faults.push(`${its} without a cause`)
    if (failing && hasRun(key)) faults.push(`${its}, and has run without cause`)
    const byOthers = shape.failFast || cancelAfter !== undefined
    if (!byOthers && state !== expected.get(key)) faults.push(`${its}, expected ${expected.get(key)}`)
    if (state === 'cancelled' && !byOthers && endOf(key) !== 'cancelled') faults.push(`${its} by nobody`)
  }
  const allWell = [...expected.values()].every((state) => state === 'completed')
  if (shape.failFast && cancelAfter === undefined) {
    if (allWell !== [...states.values()].every((state) => state === 'completed'))
      faults.push('failFast without a cause, or without effect')
  }
  return faults.map((fault) => `${id}: ${fault}`)
}

async function kills(
  t: Test,
  victims: readonly Victim[],
  rounds: number,
  options: (dir: string) => object,
  redis: RedisServer | null,
): Promise<void> {
  t.setTimeout(120_000 + rounds * 20_000)
  const random = randomOf(SEED)
  const dir = folder(t)
  const log = join(dir, 'log')
  mkdirSync(log)
  const { app } = await startApp(t, { name: 'app', doubtTimeout: '100s' })
  const killed = new KilledApp(t, dir)
  const node = await app.spawnNode({
    ...{ name: 'n1', jobs: JOBS, logLevel: 'error', backoff: 0.02, maxAttempts: 30 },
    // Everything that has ended is looked at.
    ...{ removeDoneJobs: false, removeCancelledJobs: false, keepCount: 2000 },
    ...{ standbyChildren: 0, deferredChildren: 0, listen: { path: killed.path }, ...options(dir) },
  })
  await killed.start()
  const monitor = app.monitor({ node: 'n1' })
  const stateOf = async (id: string) => (await monitor.load(id))?.state
  const kill = async (victim: Victim) => {
    if (victim === 'app') await killed.kill()
    else if (victim === 'redis') {
      await redis?.signal('SIGKILL')
      await redis?.again()
    } else {
      const [child] = descendants(node.pid)
      if (victim === 'child' && child !== undefined) return process.kill(child, 'SIGKILL')
      const back = event(app, 'spawned:exited').then(() => event(app, 'node:connected'))
      process.kill(node.pid, 'SIGKILL')
      await back
    }
  }
  for (let round = 0; round < rounds; round++) {
    const victim = victims[round % victims.length] ?? 'node'
    const shapes = fc.sample(flowShapes(MOST_JOBS), { numRuns: FLOWS, seed: SEED + round }).map(asGiven)
    const goings = shapes.map((shape, i) =>
      goingOf(shape, `${round}.${i}`, log, i === FLOWS - 1 ? random() * 200 : undefined),
    )
    const when = random() * 200
    const over = new Promise((done) => setTimeout(done, when)).then(() => kill(victim))
    const [first, ...others] = goings
    for (const going of others) killed.enqueue(going)
    if (first !== undefined) await heard(app, first)
    await over
    const there = await thereOf(goings, killed, victim, stateOf)
    const states = new Map<Going, ReadonlyMap<string, ModelState>>()
    for (const going of there) {
      // One that was cancelled before a node had it is nowhere.
      const mayBeNowhere = () => going.cancelAfter !== undefined && killed.said.has(`cancelled ${going.id}`)
      const ends = await endsIn(going, stateOf, mayBeNowhere)
      if (ends !== null) states.set(going, ends)
    }
    const ran = readFileSync(join(log, 'ran'), { encoding: 'utf8', flag: 'a+' })
      .split('\n')
      .filter((line) => line.startsWith(`${round}.`))
      .map((line) => line.split(' '))
      .map(([as = '', ...needs]) => ({ as, needs }))
    const early = ran.filter(({ needs }) => needs.includes('null'))
    const faults = [...states].flatMap(([going, ends]) => faultsOf(going, ends, ran))
    const about = `round ${round}: ${victim} killed after ${when} ms, ${there.length} flows`
    if (MANY !== undefined) console.error(about)
    t.same([...faults, ...early.map(({ as }) => `${as} ran before its needs had ended`)], [], about)
  }
  // None is left that waits, or runs.
  const open = { state: ['blocked', 'available', 'retryable', 'running'] } as const
  await until(async () => (await monitor.jobsFor(open)).jobs.length === 0)
}

/** Who enqueues a flow and lives hears of all of it. */
async function heard(app: Distributor, { id, shape, jobs }: Going): Promise<void> {
  const flow = app.flow({ id, failFast: shape.failFast, jobs: jobs as never })
  const handles = Object.values(flow.jobs as Record<string, { result(): Promise<unknown> }>)
  await Promise.allSettled(handles.map((handle) => handle.result()))
}

/** Those that a node has: when the app was killed, of each all or nothing, and all of those of which it has said so. */
async function thereOf(
  [first, ...others]: readonly Going[],
  killed: KilledApp,
  victim: Victim,
  stateOf: (id: string) => Promise<string | undefined>,
): Promise<Going[]> {
  const accepted = ({ id }: Going) => killed.said.has(`accepted ${id}`)
  if (victim !== 'app')
    await until(() => others.every((going) => accepted(going) || killed.said.has(`cancelled ${going.id}`)))
  const found = await Promise.all(
    others.map(async (going) => {
      const [key] = Object.keys(going.jobs)
      return accepted(going) || (await stateOf(`${going.id}.${key}`)) !== undefined
    }),
  )
  const there = others.filter((_, i) => found[i])
  return first === undefined ? there : [first, ...there]
}

async function endsIn(
  { id, shape }: Going,
  stateOf: (id: string) => Promise<string | undefined>,
  mayBeNowhere: () => boolean,
): Promise<ReadonlyMap<string, ModelState> | null> {
  const ends = new Map<string, ModelState>()
  let open: (readonly [key: string, state: string | undefined])[] = []
  const isNowhere = () => ends.size === 0 && open.every(([, state]) => state === undefined)
  await until(async () => {
    const left = shape.jobs.filter(({ key }) => !ends.has(key))
    open = await Promise.all(left.map(async ({ key }) => [key, await stateOf(`${id}.${key}`)] as const))
    for (const [key, state] of open)
      if (state === 'completed' || state === 'failed' || state === 'cancelled') ends.set(key, state)
    return ends.size === shape.jobs.length || (isNowhere() && mayBeNowhere())
  }).catch((error) => {
    throw new Error(`${id} has not ended: ${JSON.stringify(open.slice(0, 20))}`, { cause: error })
  })
  return isNowhere() ? null : ends
}

const rounds = (few: number) => Number(MANY ?? few)

t.test(`flows of random shape while their node, a child, or their app is killed (seed ${SEED})`, (t) =>
  kills(t, ['node', 'child', 'app'], rounds(2), (dir) => ({ dir: join(dir, 'data') }), null),
)

const noRedis = withoutRedis()
t.test(`the same, and Redis is killed (seed ${SEED})`, { skip: noRedis }, async (t) => {
  const redis = await startRedis(t, '--appendonly', 'yes', '--appendfsync', 'always')
  const store = { store: 'redis', redisUrl: redis.url } as const
  await kills(t, ['redis', 'node', 'child', 'app'], rounds(1), () => store, redis)
})

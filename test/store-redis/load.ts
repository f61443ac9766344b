import { createHash } from 'node:crypto'
import type { Test } from 'tap'
import {
  ALL_CHILDREN,
  type NodeProcess,
  readLog,
  type startApp,
  startNode,
  toApp,
  until,
} from '../system/harness.js'
import type { Entry } from '../system/history.js'
import type { RedisServer } from './redis-server.js'

export const NAMES = ['n1', 'n2', 'n3']
/** Short enough to be waited for, and long enough that a busy machine does not cost a node its lease. */
export const LEASE_MS = 2000

const hash = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex')

export type App = Awaited<ReturnType<typeof startApp>>

export function startOn(
  t: Test,
  name: string,
  redis: RedisServer,
  app: App,
  leaseMs = LEASE_MS,
): Promise<NodeProcess> {
  const store = ['--store', 'redis', '--redis-url', redis.url, '--lease', `${leaseMs}ms`, ...ALL_CHILDREN]
  return startNode(t, name, [...store, '--backoff', '0.02', '--log-level', 'warn', ...toApp(app.address)])
}

/** Resolves when the app can send jobs to all of them. */
export async function startAll(t: Test, redis: RedisServer, app: App): Promise<NodeProcess[]> {
  const nodes = await Promise.all(NAMES.map((name) => startOn(t, name, redis, app)))
  await connected(app, NAMES.length)
  return nodes
}

export async function connected(app: App, count: number): Promise<void> {
  await until(() => app.app.nodes().filter(({ status }) => status === 'running').length >= count)
}

/** Resolves when so many attempts have begun. */
export async function begunOn(log: string, count: number): Promise<void> {
  await until(() => readLog(log).filter(({ ev }) => ev === 'begin').length >= count)
}

/** Enqueues jobs of all sorts and keeps what is heard of each. */
export class Load {
  readonly history: Entry[] = []
  readonly #app: App
  readonly #log: string
  readonly #random: () => number
  #open = 0
  #allDone: () => void = () => {}

  constructor(app: App, log: string, random: () => number) {
    this.#app = app
    this.#log = log
    this.#random = random
  }

  enqueue(n: number): void {
    const { history } = this
    const which = this.#random()
    const names = ['record', 'record_slow', 'record_flaky', 'record_deferred'] as const
    const name = names[which < 0.6 ? 0 : which < 0.9 ? 1 : which < 0.95 ? 2 : 3] ?? 'record'
    const after = this.#random() < 0.1 ? 300 : 0
    const payload = { n, text: 'p'.repeat(Math.floor(this.#random() * 200)) }
    const now = Date.now()
    this.#open++
    const told = (state: string) => (args: Record<string, unknown>) => {
      history.push({
        ev: 'feedback',
        job: handle.id,
        t: Date.now(),
        state,
        life: 1,
        hash: hash(args.result ?? null),
      })
      if (--this.#open === 0) this.#allDone()
    }
    const options = after > 0 ? { after: `${after}ms` } : {}
    const args = { log: this.#log, payload, ms: 20 }
    const handle = this.#app.app.enqueue(name, args, options, told('completed'), told('failed'))
    const due = after > 0 ? { due: now + after } : {}
    history.push({ ev: 'submit', job: handle.id, t: now, ...due, hash: hash(payload), max: 10 })
    handle.accepted.then(
      () => history.push({ ev: 'accepted', job: handle.id, t: Date.now() }),
      () => {},
    )
  }

  get open(): number {
    return this.#open
  }

  done(): Promise<void> {
    return new Promise((resolve) => {
      this.#allDone = resolve
      if (this.#open === 0) resolve()
    })
  }
}

import { createHash } from 'node:crypto'
import type { Test } from 'tap'
import type { Distributor } from '#dist/distributor/index.js'
import { readLog } from './harness.js'
import { check, type Entry, type Violation } from './history.js'

const hash = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex')

/** Jobs of all kinds that an app sends while something happens to the node, and what has become of them. */
export class Flow {
  readonly history: Entry[] = []
  /** Of each that has no feedback yet: whether it was accepted. */
  readonly open = new Map<string, boolean>()
  readonly #t: Test
  readonly #app: Distributor
  readonly #log: string
  readonly #random: () => number
  readonly #ids = new Set<string>()
  readonly #watchers = new Set<() => void>()

  /** `log`: a folder in which the jobs write down what they do. */
  constructor(t: Test, app: Distributor, log: string, random: () => number) {
    this.#t = t
    this.#app = app
    this.#log = log
    this.#random = random
  }

  /** 25 at a time, one frame or a few. Resolves when all have been sent. */
  async send(count: number): Promise<void> {
    for (let sent = 0; sent < count; sent++) {
      if (sent % 25 === 0 && sent > 0) await new Promise((resolve) => setTimeout(resolve, 5))
      this.#enqueue(sent)
    }
  }

  /** Resolves when none is open of which `test` says that its feedback must come; looks again at each feedback. */
  settled(must: (id: string) => boolean = () => true): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if ([...this.open.keys()].some(must)) return
        this.#watchers.delete(look)
        resolve()
      }
      this.#watchers.add(look)
      look()
    })
  }

  /** Those that were accepted and are open. */
  accepted(): string[] {
    return [...this.open].flatMap(([id, accepted]) => (accepted ? [id] : []))
  }

  fault(what: string): void {
    this.history.push({ ev: 'fault', t: Date.now(), what })
  }

  violations(): Violation[] {
    const written = readLog(this.#log).filter((entry) => 'job' in entry && this.#ids.has(entry.job))
    return check([...this.history, ...written])
  }

  #enqueue(n: number): void {
    const payload = { n, text: 'p'.repeat(Math.floor(this.#random() * 200)) }
    const delayed = this.#random() < 0.15
    const now = Date.now()
    const told = (state: string) => (args: Record<string, unknown>) => {
      const job = handle.id
      this.history.push({
        ev: 'feedback',
        job,
        t: Date.now(),
        state,
        life: 1,
        hash: hash(args.result ?? null),
      })
      this.open.delete(job)
      for (const look of [...this.#watchers]) look()
    }
    const handle = this.#app.enqueue(
      kindOf(this.#random()),
      { log: this.#log, payload },
      delayed ? { after: '50ms' } : {},
      told('completed'),
      told('failed'),
    )
    this.#ids.add(handle.id)
    this.open.set(handle.id, false)
    const due = delayed ? { due: now + 50 } : {}
    this.history.push({ ev: 'submit', job: handle.id, t: now, ...due, hash: hash(payload), max: 10 })
    handle.accepted.then(
      () => {
        this.history.push({ ev: 'accepted', job: handle.id, t: Date.now() })
        if (this.open.has(handle.id)) this.open.set(handle.id, true)
      },
      () => this.#t.fail(`${handle.id} was refused`),
    )
  }
}

function kindOf(which: number): string {
  if (which < 0.7) return 'record'
  if (which < 0.85) return 'record_slow'
  return which < 0.95 ? 'record_flaky' : 'record_deferred'
}

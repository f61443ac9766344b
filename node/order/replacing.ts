import { type Clock, nowOf, type Timer } from '../../src/clock.js'
import { FRESH } from '../../src/job/course.js'
import { membershipOf } from '../../src/job/flow.js'
import { BEFORE_PARKED, isParked, laneParked, parkedFor } from '../../src/job/lane.js'
import type { JobRecord } from '../../src/job/record.js'
import { inFront, parked, standingOf } from '../../src/job/series.js'
import { isTerminal } from '../../src/job/states.js'
import { uniqueKeyOf } from '../../src/job/terms/where.js'
import type { Wait } from '../../src/job/waits.js'
import type { Store } from '../../src/store/contract.js'
import { type Held, holding } from '../../src/store/unique.js'
import { type Journal, moveOf, type NodeChange, type NodeEnd, type NodeSingle } from '../changes/journal.js'
import type { WaitingJobs } from '../changes/waiting-jobs.js'
import { mergedInto } from '../run/conclusion.js'
import type { Runner } from '../run/runner.js'
import type { NodeSettings } from '../settings.js'
import { behindOld, type Orders } from './orders.js'

interface Others {
  readonly runner: Pick<Runner, 'running'>
  readonly reach: { readonly waiting: Pick<WaitingJobs, 'take' | 'back'> }
}

export interface ReplacingDeps {
  readonly store: Pick<Store, 'waiting' | 'lanes' | 'notes' | 'load'>
  readonly journal: Journal
  readonly clock: Clock
  readonly seq: () => number
  readonly orders: Orders
  /** The least number of a waiting job that is taken up; 0: any. */
  readonly oldest: () => number
  readonly settings: Pick<NodeSettings, 'name' | 'keeps'>
  /** Parts of the node that are made after this one. */
  readonly others: () => Others
  readonly onError: (error: unknown) => void
}

/** One key that jobs wait for. */
interface One {
  /** The job that has it, as it was found last. */
  holder: string | null
  working: boolean
  /** Something has happened since it was looked at. */
  again: boolean
  timer: Timer | null
}

const LANES_AT_ONCE = 1000
const JOBS_AT_ONCE = 1000
const BYTES_AT_ONCE = 4 * 1024 * 1024
/** Of a key that a job of another node has, which tells nobody here of its end. */
const LOOK_AGAIN_MS = 1000

/**
 * A job that is to take the place of the one that has its key is stored first, where nobody takes it: its sender's number counts
 * from then on. What becomes of it is a second change: the job that has the key gets what this one has, and this one ends; or it
 * waits for the key. A node that dies between the two finds it at the start.
 */
export class Replacing {
  readonly #deps: ReplacingDeps
  readonly #all = new Map<string, One>()
  #stopped = false

  constructor(deps: ReplacingDeps) {
    this.#deps = deps
  }

  /** What earlier lives of the node have left: before any job begins that one of these is to replace. */
  async start(): Promise<void> {
    const found: Promise<void>[] = []
    for (let after = BEFORE_PARKED; ; ) {
      const page = (await this.#deps.store.lanes(after, LANES_AT_ONCE)).filter(({ lane }) => isParked(lane))
      for (const { lane } of page) found.push(this.#look(parkedFor(lane)))
      const last = page.at(-1)
      if (last === undefined) break
      after = last.lane
    }
    await Promise.all(found)
  }

  stop(): void {
    this.#stopped = true
    for (const { timer } of this.#all.values()) timer?.cancel()
  }

  /** The change itself, before it is written: a job that is to take another's place waits for it. */
  place<C extends NodeChange>(change: C): C {
    if (change.kind === 'together') for (const each of change.changes) this.#place(each)
    else this.#place(change)
    return change
  }

  #place(change: NodeSingle): void {
    if (change.kind !== 'insert') return
    const { job } = change
    const { terms } = job.agreed
    if (terms.unique?.onConflict !== 'replace') return
    const key = uniqueKeyOf(terms, job.name) as string
    Object.assign(change, { job: parked(job, key, this.#deps.orders.next(job.seq)) })
  }

  /** What follows from a change that was written. */
  follow(change: NodeSingle): void {
    if (change.kind === 'insert') {
      if (isParked(change.job.lane)) this.#look(parkedFor(change.job.lane))
    } else if (change.kind === 'move' && change.owner !== undefined && isParked(change.to.lane)) {
      this.#look(parkedFor(change.to.lane))
    } else if (this.#all.size > 0) {
      const job =
        change.kind === 'begin'
          ? change.job
          : change.kind === 'move' || change.kind === 'end'
            ? change.from
            : null
      const key = job === null ? null : uniqueKeyOf(job.agreed.terms, job.name)
      if (key !== null && this.#all.has(key)) this.#look(key)
    }
  }

  /** Which job a job waits for; null: it does not wait for a key. */
  whyWaits({ lane }: Pick<JobRecord, 'lane'>): Wait | null {
    if (!isParked(lane)) return null
    const holder = this.#all.get(parkedFor(lane))?.holder ?? null
    return { reason: 'unique', ...(holder === null ? {} : { first: holder }) }
  }

  async #look(key: string): Promise<void> {
    let one = this.#all.get(key)
    if (one === undefined) {
      one = { holder: null, working: false, again: false, timer: null }
      this.#all.set(key, one)
    }
    one.again = true
    if (one.working || this.#stopped) return
    one.working = true
    await this.#work(key, one).catch(this.#deps.onError)
  }

  async #work(key: string, one: One): Promise<void> {
    one.timer?.cancel()
    one.timer = null
    let wait: number | null = null
    while (one.again && !this.#stopped) {
      one.again = false
      wait = await this.#settle(key, one)
    }
    one.working = false
    if (wait === null) this.#all.delete(key)
    else if (Number.isFinite(wait) && !this.#stopped)
      one.timer = this.#deps.clock.setTimer(wait, () => this.#look(key))
  }

  /** Answers in how many milliseconds to look again: Infinity: when something happens; null: nobody waits for the key. */
  async #settle(key: string, one: One): Promise<number | null> {
    const { store, journal, clock, seq, oldest, others } = this.#deps
    const { runner, reach } = others()
    const runs = (id: string) => runner.running(id) !== undefined
    await journal.flushed()
    const lane = laneParked(key)
    const jobs = await store.waiting(lane, behindOld(lane, oldest()), JOBS_AT_ONCE, BYTES_AT_ONCE)
    const last = jobs.at(-1)
    if (last === undefined) return null
    const held = await holding(store, key, clock.now())
    one.holder = held?.id ?? null
    if (held === null) {
      const ends = jobs.slice(0, -1).map((job) => this.#into(last.id, job))
      await this.#together(one, [moveOf(last, false, inFront(last, seq())), ...ends])
      return Number.POSITIVE_INFINITY
    }
    if (runs(held.id)) return Number.POSITIVE_INFINITY
    const there = await reach.waiting.take(held.id)
    if (there === null)
      return runs(held.id) ? Number.POSITIVE_INFINITY : await this.#waitFor(held, clock.now())
    // What waits for others, or is waited for, is no other job for the sake of this one.
    if (membershipOf(there) !== null) {
      reach.waiting.back(there)
      return Number.POSITIVE_INFINITY
    }
    const ends = jobs.map((job) => this.#into(there.id, job))
    const done = await this.#together(one, [moveOf(there, false, inPlaceOf(there, last, seq())), ...ends])
    // One of those that were to end has: this one is where it was.
    if (done === 'another') reach.waiting.back(there)
    return done === 'first' ? LOOK_AGAIN_MS : Number.POSITIVE_INFINITY
  }

  /** Its job has ended, and the key is kept until a time; or it is another node's. */
  async #waitFor({ id, ends }: Held, now: number): Promise<number> {
    const stored = await this.#deps.store.load(id)
    const over = stored === null || isTerminal(stored.state)
    return over && Number.isFinite(ends) ? Math.max(1, ends - now) : LOOK_AGAIN_MS
  }

  #into(id: string, job: JobRecord): NodeEnd {
    return mergedInto(job, id, nowOf(this.#deps.clock), this.#deps)
  }

  /** Answers whether they were done, or which could not be. */
  #together(one: One, changes: readonly NodeSingle[]): Promise<'done' | 'first' | 'another'> {
    return new Promise((resolve) => {
      const [first, ...rest] = changes
      if (first?.kind !== 'move') throw new Error('a move comes first')
      const told: NodeSingle = {
        ...first,
        done: (ok, answer) => {
          const at = typeof answer === 'object' && answer.is === 'refused' ? answer.at : 0
          // There may be more.
          if (ok || at > 0) one.again = true
          resolve(ok ? 'done' : at === 0 ? 'first' : 'another')
        },
      }
      const all = [told, ...rest]
      this.#deps.journal.add({ kind: 'together', changes: all }, true)
    })
  }
}

/** The job that is there, with what the other has: it has not begun yet. */
function inPlaceOf(there: JobRecord, other: JobRecord, seq: number): JobRecord {
  const { args, agreed, byWall, wanted } = other
  const to = { ...there, args, agreed, byWall, wanted: there.wanted || wanted }
  const standing = standingOf(other)
  // In another series it comes last, and is put behind those who are there.
  const stays = there.course.behind !== null && there.agreed.terms.serial === agreed.terms.serial
  return stays
    ? { ...to, seq, course: { ...FRESH, behind: standing } }
    : { ...to, ...standing, seq, course: FRESH }
}

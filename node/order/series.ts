import {
  BEFORE_BEHIND,
  BEFORE_BLOCKED,
  isParked,
  laneBehind,
  mayBeTaken,
  serialOf,
} from '../../src/job/lane.js'
import type { JobRecord } from '../../src/job/record.js'
import {
  behind,
  changesSeries,
  comesToSeries,
  inFront,
  mayBeFirst,
  standsApart,
} from '../../src/job/series.js'
import { isTerminal } from '../../src/job/states.js'
import type { Wait } from '../../src/job/waits.js'
import type { LaneHead, Store } from '../../src/store/contract.js'
import { allNotes } from '../../src/store/notes.js'
import { SERIAL } from '../../src/store/serial.js'
import { type Journal, moveOf, type NodeChange, type NodeSingle } from '../changes/journal.js'
import { behindOld, type Orders } from './orders.js'

export interface SeriesDeps {
  readonly store: Pick<Store, 'waiting' | 'lanes' | 'notes' | 'load'>
  readonly journal: Journal
  readonly seq: () => number
  readonly orders: Orders
  /** The least number of a waiting job that is taken up; 0: any. */
  readonly oldest: () => number
  readonly onError: (error: unknown) => void
}

/** One series that has jobs. */
interface One {
  /** The job that stands with those of no series, or runs; null: there is none, and the next one is looked for. */
  first: string | null
  /** Jobs may be behind it: in the store, or on their way there. */
  more: boolean
  looking: boolean
}

const AT_ONCE = 1000

/**
 * Jobs of a series run one at a time, in the order in which they came: only the first of each stands where it may be taken. Those
 * behind it stand in a lane of their own, and the next one goes where it is to stand when the first has ended. What a lost node
 * leaves between the two is found at the start: a series with jobs behind, and without a first.
 */
export class Series {
  readonly #deps: SeriesDeps
  readonly #all = new Map<string, One>()

  constructor(deps: SeriesDeps) {
    this.#deps = deps
  }

  /** What earlier lives of the node have left. Before any job comes. */
  async start(): Promise<void> {
    const { store, oldest } = this.#deps
    for await (const { key, value } of allNotes(store, SERIAL)) {
      const id = value.toString()
      if (oldest() === 0 || (await this.#isThere(id))) this.#make(key).first = id
    }
    const found = [...this.#all]
    for (let after = BEFORE_BEHIND; ; ) {
      const found = await store.lanes(after, AT_ONCE)
      const page = found.filter(({ lane }) => lane < BEFORE_BLOCKED)
      for (const { lane } of page)
        if (!isParked(lane)) (this.#all.get(serialOf(lane)) ?? this.#make(serialOf(lane))).more = true
      if (page.length === 0) break
      after = page.at(-1)?.lane ?? after
    }
    this.settle()
    // After damage notes and jobs may be of different times.
    for (const [serial, one] of found) if (one.more) this.#check(serial, one)
  }

  /** The change itself, before it is written: its job is put behind others where there are some. */
  place<C extends NodeChange>(change: C): C {
    if (change.kind === 'together') for (const each of change.changes) this.#place(each)
    else this.#place(change)
    return change
  }

  #place(change: NodeSingle): void {
    if (change.kind === 'insert') {
      const { job } = change
      const { serial } = job.agreed.terms
      if (serial !== undefined && !standsApart(job.lane) && !this.#takes(serial, job))
        Object.assign(change, { job: this.#behind(job, serial) })
    } else if (change.kind === 'move') {
      const { from, to } = change
      const { serial } = to.agreed.terms
      const comes = change.owner !== undefined || comesToSeries(from, to) || changesSeries(from, to)
      if (serial === undefined || !comes) return
      if (standsApart(to.lane) && !mayBeFirst(to)) return
      // Those that were behind there are behind here: their first may come after them.
      if (!mayBeFirst(to)) (this.#all.get(serial) ?? this.#make(serial)).more = true
      else if (!this.#takes(serial, to)) Object.assign(change, { to: this.#behind(to, serial) })
    }
  }

  /** What follows from a change: it is written, or was not done. */
  follow(change: NodeSingle, done: boolean): void {
    if (change.kind === 'insert') {
      if (!done) this.#left(change.job)
    } else if (change.kind === 'end') {
      if (done) this.#left(change.from)
    } else if (change.kind === 'move') {
      const { from, to, owner } = change
      const changes = changesSeries(from, to)
      if (done && changes) this.#left(from)
      if (!done && (owner !== undefined || comesToSeries(from, to) || changes)) this.#left(to)
    }
  }

  /** Where there is no first, the next one is looked for. */
  settle(): void {
    for (const [serial, one] of this.#all) if (one.first === null && !one.looking) this.#look(serial, one)
  }

  /** Which job a job waits for; null: it is not behind another. */
  whyWaits({ course, agreed }: Pick<JobRecord, 'course' | 'agreed'>): Wait | null {
    const { serial } = agreed.terms
    if (serial === undefined || course.behind === null) return null
    const first = this.#all.get(serial)?.first ?? null
    return { reason: 'serial', serial, ...(first === null ? {} : { first }) }
  }

  #make(serial: string): One {
    const one: One = { first: null, more: false, looking: false }
    this.#all.set(serial, one)
    return one
  }

  /** Whether the job is the first from now on. */
  #takes(serial: string, { id }: JobRecord): boolean {
    const one = this.#all.get(serial) ?? this.#make(serial)
    if (one.first === null && !one.looking) {
      one.first = id
      return true
    }
    one.more = true
    return false
  }

  #behind(job: JobRecord, serial: string): JobRecord {
    return behind(job, serial, this.#deps.orders.next(job.seq))
  }

  /** It has ended, or never came. */
  #left(job: JobRecord): void {
    const { serial } = job.agreed.terms
    if (serial !== undefined && mayBeFirst(job)) this.#over(serial, job.id)
  }

  #over(serial: string, id: string): void {
    const one = this.#all.get(serial)
    if (one?.first !== id) return
    one.first = null
    if (one.more) this.#look(serial, one)
    else this.#all.delete(serial)
  }

  #look(serial: string, one: One): void {
    one.looking = true
    this.#next(serial, one).catch(this.#deps.onError)
  }

  async #next(serial: string, one: One): Promise<void> {
    const { store, journal, seq, oldest } = this.#deps
    const lane = laneBehind(serial)
    const after = behindOld(lane, oldest())
    for (;;) {
      const [job] = await store.waiting(lane, after, 1, 1)
      if (job !== undefined) {
        one.first = job.id
        one.looking = false
        // Not done when it was cancelled meanwhile.
        const done = (ok: boolean) => {
          if (!ok) this.#over(serial, job.id)
        }
        return journal.add(moveOf(job, false, inFront(job, seq()), done), false)
      }
      if (!one.more) {
        if (this.#all.get(serial) === one) this.#all.delete(serial)
        return
      }
      // What came before this is in the store then.
      one.more = false
      await journal.flushed()
    }
  }

  async #check(serial: string, one: One): Promise<void> {
    const { first } = one
    if (first === null) return
    try {
      if (!(await this.#isThere(first))) this.#over(serial, first)
    } catch (error) {
      this.#deps.onError(error)
    }
  }

  async #isThere(id: string): Promise<boolean> {
    const stored = await this.#deps.store.load(id)
    return stored !== null && !isTerminal(stored.state) && stored.job.seq >= this.#deps.oldest()
  }
}

/** Of these lanes those from which jobs may be taken. */
export function taking(heads: readonly LaneHead[]): readonly LaneHead[] {
  return heads.filter(({ lane }) => mayBeTaken(lane))
}

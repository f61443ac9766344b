import { mayBeTaken } from '../../src/job/lane.js'
import type { JobRecord, Outcome } from '../../src/job/record.js'
import type { Counts, Store } from '../../src/store/contract.js'
import type { CountsOfName, CountsOfNode, SeriesOfNode } from '../../src/verbs/counts.js'
import type { NodeSingle } from '../changes/journal.js'
import { Buckets } from './buckets.js'
import { Rate, RINGS, type Which } from './rate.js'
import { Times, timesOf } from './times.js'

/** Names that are counted by themselves: the first that come. All others are counted together. */
const MOST_NAMES = 256
/** Lanes that are looked at for the job that has been due the longest. */
const LANES = { atOnce: 1000, most: 20_000 } as const

/** What has become of the jobs of one name since the node began. About 5 KB. */
class OfName {
  waiting = 0
  completed = 0
  failed = 0
  cancelled = 0
  readonly completedIn = new Rate()
  readonly failedIn = new Rate()
  readonly wait = new Times()
  readonly run = new Times()
  readonly waitBuckets = new Buckets()
  readonly runBuckets = new Buckets()
}

/** Counts jobs as changes of them are written: nothing of it is on the disk, and a node begins anew with each start. */
export class JobCounts {
  readonly #since: number
  /** The first number of this life: a job with a lower one was placed before, and is not counted by its name. */
  readonly #first: number
  readonly #names = new Map<string, OfName>()
  readonly #others = new OfName()
  /** Most jobs are of the name of the one before. */
  #lastName = ''
  #last = this.#others

  constructor(since: number, first: number) {
    this.#since = since
    this.#first = first
  }

  /** A change was done. */
  follow(change: NodeSingle): void {
    switch (change.kind) {
      case 'insert':
        this.#of(change.job.name).waiting++
        return
      case 'begin':
        if (this.#isOfNow(change.job)) this.#of(change.job.name).waiting--
        return
      case 'move': {
        const { from, running, owner, report } = change
        if (running || owner !== undefined || !this.#isOfNow(from)) this.#of(from.name).waiting++
        if (report !== null) this.#ended(from, report)
        return
      }
      case 'end': {
        const { from, running, owner, report } = change
        if (!running && owner === undefined && this.#isOfNow(from)) this.#of(from.name).waiting--
        if (report !== null) this.#ended(from, report)
      }
    }
  }

  /** Of all names. */
  get failed(): number {
    let all = this.#others.failed
    for (const { failed } of this.#names.values()) all += failed
    return all
  }

  /** `total`: of the store. `running`: the jobs that run. */
  read(
    at: number,
    total: Counts,
    running: Iterable<Pick<JobRecord, 'name'>>,
    oldest: number | null,
  ): CountsOfNode {
    const runs = new Map<string, number>()
    for (const { name } of running) {
      const key = this.#names.has(name) || this.#names.size < MOST_NAMES ? name : ''
      runs.set(key, (runs.get(key) ?? 0) + 1)
    }
    for (const name of runs.keys()) if (name !== '') this.#of(name)
    const names = [...this.#names].map(([name, one]) => ({
      name,
      ...factsOf([one], runs.get(name) ?? 0, at),
    }))
    const every = [...this.#names.values(), this.#others]
    const counted = every.reduce((sum, { waiting }) => sum + waiting, 0)
    return {
      since: this.#since,
      stored: total,
      waitingBefore: Math.max(0, total.waiting - counted),
      oldest,
      all: factsOf(every, total.running, at),
      names: names.sort((a, b) => (a.name < b.name ? -1 : 1)),
      others: this.#names.size < MOST_NAMES ? null : factsOf([this.#others], runs.get('') ?? 0, at),
    }
  }

  /** Of a name, or of all. Zeros for one that has not come, or is not counted by itself. */
  series(at: number, name?: string): SeriesOfNode {
    const one = name === undefined ? undefined : this.#names.get(name)
    const some = name === undefined ? [...this.#names.values(), this.#others] : one === undefined ? [] : [one]
    return { at, minute: partsOf(some, 0, at), hour: partsOf(some, 1, at), day: partsOf(some, 2, at) }
  }

  #ended(from: JobRecord, { state, startedAt, finishedAt }: Outcome): void {
    const of = this.#of(from.name)
    of[state]++
    if (state === 'completed') of.completedIn.add(finishedAt)
    else if (state === 'failed') of.failedIn.add(finishedAt)
    if (startedAt === 0) return
    const waited = Math.max(0, startedAt - from.due)
    const ran = Math.max(0, finishedAt - startedAt)
    of.wait.add(waited, finishedAt)
    of.run.add(ran, finishedAt)
    of.waitBuckets.add(waited)
    of.runBuckets.add(ran)
  }

  #isOfNow({ seq }: JobRecord): boolean {
    return seq >= this.#first
  }

  #of(name: string): OfName {
    if (name === this.#lastName) return this.#last
    const of = this.#names.get(name) ?? this.#make(name)
    this.#lastName = name
    this.#last = of
    return of
  }

  #make(name: string): OfName {
    if (this.#names.size >= MOST_NAMES) return this.#others
    const made = new OfName()
    this.#names.set(name, made)
    return made
  }
}

function factsOf(some: readonly OfName[], running: number, at: number): CountsOfName {
  const sum = (what: 'waiting' | 'completed' | 'failed' | 'cancelled') =>
    some.reduce((all, one) => all + one[what], 0)
  const rate = (what: 'completedIn' | 'failedIn') => {
    const all = { minute: 0, hour: 0, day: 0 }
    for (const one of some) {
      const { minute, hour, day } = one[what].read(at)
      all.minute += minute
      all.hour += hour
      all.day += day
    }
    return all
  }
  return {
    waiting: Math.max(0, sum('waiting')),
    running,
    completed: sum('completed'),
    failed: sum('failed'),
    cancelled: sum('cancelled'),
    completedIn: rate('completedIn'),
    failedIn: rate('failedIn'),
    wait: timesOf(
      some.map(({ wait }) => wait),
      at,
    ),
    run: timesOf(
      some.map(({ run }) => run),
      at,
    ),
    waitBuckets: Buckets.read(some.map(({ waitBuckets }) => waitBuckets)),
    runBuckets: Buckets.read(some.map(({ runBuckets }) => runBuckets)),
  }
}

function partsOf(some: readonly OfName[], which: Which, at: number): SeriesOfNode['minute'] {
  const { parts, ms } = RINGS[which]
  const completed = new Array<number>(parts).fill(0)
  const failed = new Array<number>(parts).fill(0)
  const add = (to: number[], from: readonly number[]) => {
    for (const [i, count] of from.entries()) to[i] = (to[i] ?? 0) + count
  }
  for (const { completedIn, failedIn } of some) {
    add(completed, completedIn.parts(which, at))
    add(failed, failedIn.parts(which, at))
  }
  return { stepMs: ms, completed, failed }
}

/** Since when the job is due that has been so the longest of those that wait; null: none is due. */
export async function oldestDue(store: Pick<Store, 'lanes'>, now: number): Promise<number | null> {
  let oldest = Number.POSITIVE_INFINITY
  let after: string | null = null
  for (let looked = 0; looked < LANES.most; looked += LANES.atOnce) {
    const heads = await store.lanes(after, LANES.atOnce)
    for (const { lane, due } of heads) if (mayBeTaken(lane) && due < oldest) oldest = due
    after = heads.at(-1)?.lane ?? null
    if (after === null) break
  }
  return oldest <= now ? oldest : null
}

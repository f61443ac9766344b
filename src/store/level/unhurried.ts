import type { Clock, Timer } from '../../clock.js'
import type { Change } from '../contract.js'
import type { Log } from './log.js'
import type { Young } from './young.js'

/** Longer than a short job takes: who waits for one that is not over by then waits for the disk. */
const QUICK_MS = 1
/** Of jobs that are over nobody waits for the disk. */
const LEISURE_MS = 10

/** Changes of a group of which it is looked at whether all its new jobs have begun. */
const FEW_CHANGES = 16

/** The new jobs of a small group, when there are some and all have begun; else null: somebody waits for the disk. */
export function begunIn(changes: readonly Change[], young: Pick<Young, 'jobs'>): string[] | null {
  if (changes.length > FEW_CHANGES) return null
  const jobs: string[] = []
  for (const change of changes) {
    if (change.kind !== 'insert') continue
    const { id } = change.job
    if (change.ownId || young.jobs.get(id)?.startedAt === 0) return null
    jobs.push(id)
  }
  return jobs.length === 0 ? null : jobs
}

/** A group that has been written. */
interface Waiting {
  /** Its new jobs: all have begun. */
  readonly jobs: readonly string[]
  readonly since: number
  /** The syncs that had begun by then. */
  readonly syncs: number
}

/** Groups on their way to the disk whose new jobs may be over before they are there: they are given the time. */
export class Unhurried {
  readonly #log: Pick<Log, 'syncs' | 'sync' | 'nextSync'>
  readonly #isOver: (job: string) => boolean
  readonly #clock: Clock
  #waiting: Waiting[] = []
  /** Not cleared by a sync that comes before: with each job there would be a new one. */
  #timer: Timer | null = null

  constructor(log: Pick<Log, 'syncs' | 'sync' | 'nextSync'>, isOver: (job: string) => boolean, clock: Clock) {
    this.#log = log
    this.#isOver = isOver
    this.#clock = clock
  }

  /** Resolves when what has been written is on the disk: with the next sync that somebody waits for, or in a moment. */
  sync(jobs: readonly string[]): Promise<void> {
    this.#waiting.push({ jobs, since: this.#clock.mono(), syncs: this.#log.syncs })
    this.#timer ??= this.#clock.setTimer(QUICK_MS, this.#look)
    return this.#log.nextSync()
  }

  readonly #look = (): void => {
    this.#timer = null
    this.#waiting = this.#waiting.filter(({ syncs }) => syncs === this.#log.syncs)
    const now = this.#clock.mono()
    let left = Number.POSITIVE_INFINITY
    for (const { jobs, since } of this.#waiting) {
      left = Math.min(left, since + (jobs.every(this.#isOver) ? LEISURE_MS : QUICK_MS) - now)
    }
    if (left === Number.POSITIVE_INFINITY) return
    if (left > 0) this.#timer = this.#clock.setTimer(left, this.#look)
    // Those who wait hear of a failure.
    else this.#log.sync().catch(() => {})
  }
}

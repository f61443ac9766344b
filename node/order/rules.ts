import type { Limits } from '../../src/job/limits.js'

/** What holds for jobs by name and group. When any of it is another than before, `changed` of the scheduler is called. */
export interface Rules {
  /** All names for which something holds: they have limits, or are paused, or one of their groups is. */
  names(): Iterable<string>
  /** Undefined: none. */
  limitsOf(name: string): Limits | undefined
  /** Since when (epoch milliseconds) this group of the name is paused, or with null the name itself; null: it is not. */
  pausedSince(name: string, group: string | null): number | null
}

import type { Rate } from './limits.js'

/** Why a job that is due may not begin for now, beside those in front of it and room: what it waits for. Plain data. */
export type Wait =
  /** `group`: null when it is the name that is paused. `since`: epoch milliseconds. */
  | { readonly reason: 'paused'; readonly group: string | null; readonly since: number }
  /** No child of the node knows its name. */
  | { readonly reason: 'unknown' }
  /** `group`: null when it is the limit of the name. */
  | {
      readonly reason: 'concurrency'
      readonly group: string | null
      readonly limit: number
      readonly running: number
    }
  /** It is behind another of its series. `first`: the id of the one that is to end before; absent: the next one is looked for. */
  | { readonly reason: 'serial'; readonly serial: string; readonly first?: string }
  /** It waits for its key. `first`: the id of the job that has it; absent: that is being looked for. */
  | { readonly reason: 'unique'; readonly first?: string }
  /** `opensAt`: epoch milliseconds of when it may begin at the soonest. */
  | { readonly reason: 'rate'; readonly group: string | null; readonly rate: Rate; readonly opensAt: number }

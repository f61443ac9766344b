import type { Lane } from '../job/lane.js'
import { comparePlaces, type JobRecord, type Place } from '../job/record.js'
import type { LaneHead } from './contract.js'

/** The jobs of a lane, in order; those that wait no longer stay until they are half of it. */
interface Standing {
  jobs: JobRecord[]
  gone: number
}

/** Jobs that wait, by lane. */
export class StandingJobs {
  readonly #lanes = new Map<Lane, Standing>()
  readonly #waits: (job: JobRecord) => boolean

  constructor(waits: (job: JobRecord) => boolean) {
    this.#waits = waits
  }

  add(job: JobRecord): void {
    const lane = this.#lanes.get(job.lane)
    if (lane === undefined) this.#lanes.set(job.lane, { jobs: [job], gone: 0 })
    else lane.jobs.splice(placeIn(lane.jobs, job), 0, job)
  }

  /** It waits no longer. */
  left(job: JobRecord): void {
    const lane = this.#lanes.get(job.lane)
    if (lane === undefined) return
    lane.gone++
    if (lane.gone === lane.jobs.length) this.#lanes.delete(job.lane)
    else if (lane.gone * 2 > lane.jobs.length) {
      lane.jobs = lane.jobs.filter((one) => this.#waits(one))
      lane.gone = 0
    }
  }

  /** In order, after this place. */
  *after(lane: Lane, after: Place | null): Generator<JobRecord> {
    const all = this.#lanes.get(lane)?.jobs ?? []
    for (let i = after === null ? 0 : placeIn(all, after); i < all.length; i++) {
      const job = all[i] as JobRecord
      if (this.#waits(job) && (after === null || comparePlaces(after, job) < 0)) yield job
    }
  }

  heads(after: Lane | null, limit: number): LaneHead[] {
    const heads: LaneHead[] = []
    for (const lane of [...this.#lanes.keys()].filter((one) => after === null || one > after).sort()) {
      if (heads.length === limit) break
      const first = this.#lanes.get(lane)?.jobs.find(this.#waits)
      if (first !== undefined) heads.push({ lane, due: first.due })
    }
    return heads
  }
}

/** Where this place is in the order, or would be. */
function placeIn(jobs: readonly JobRecord[], place: Place): number {
  let from = 0
  let to = jobs.length
  // Most come behind all others.
  const last = jobs.at(-1)
  if (last !== undefined && comparePlaces(last, place) < 0) return to
  while (from < to) {
    const middle = (from + to) >> 1
    if (comparePlaces(jobs[middle] as JobRecord, place) < 0) from = middle + 1
    else to = middle
  }
  return from
}

import type { Now } from '../../src/clock.js'
import type { JobRecord } from '../../src/job/record.js'

/** What the runner needs of the scheduler. */
export interface Due {
  /** This job, which is not stored yet, may begin: nothing that waits is in front of it. */
  passes(job: JobRecord, deferred: boolean, now: Now): boolean
  take(deferred: boolean, now: Now): JobRecord | null
  /** It does not wait for a limit, or for what else its name or group is kept back. */
  mayBegin(job: JobRecord, now: Now): boolean
  /** It was taken, and waits again: it may not begin, or nothing here knows its name. */
  back(job: JobRecord): void
  unknown(job: JobRecord): void
}

/** What is counted of those that run. */
export interface Counts {
  begin(job: JobRecord): void
  end(job: JobRecord): void
}

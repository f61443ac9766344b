import type { Limits } from './limits.js'
import type { Backoff } from './retry-policy.js'

/** A job as the job files define it. A back-off function stays where the job runs. */
export interface JobDefinition {
  readonly name: string
  readonly defer: boolean
  readonly timeoutMs: number | null
  readonly maxAttempts: number | null
  readonly backoff: Backoff | null
  readonly limits: Limits | null
  readonly keepLogs: number | null
}

import type { SentJob } from '../src/wire/job-fields.js'

/** What a job asked for, for another node: the distributor that this process holds, if it holds one. */
export type Forward = (job: SentJob, reply: LocalReply) => void

export interface LocalReply {
  /** `is`: the id that the job has, where it is another one's. */
  accepted(error: Buffer | null, is?: string): void
  /** Resolves when the job has been told, or never will be: until then no more is to come than is on its way. */
  outcome(ok: boolean, body: Buffer): Promise<void>
}

import { pack } from '../../bytes/codec.js'
import type { JobRecord } from '../../job/record.js'
import type { Interrupted } from '../contract.js'
import { markKey, placeKey } from './keys.js'
import type { RowBatch } from './row-batch.js'

/** An attempt of a job that has a row of its own. */
interface Attempt {
  /** Of its row. */
  readonly key: string
  readonly seq: number
  readonly startedAt: number
}

/** The attempts that run of jobs with rows of their own, by id: so the common changes need no reading. */
export class Attempts {
  readonly #running = new Map<string, Attempt>()

  get size(): number {
    return this.#running.size
  }

  /** When the attempt began that runs of this job; 0 when none does. */
  startedAt(id: string): number {
    return this.#running.get(id)?.startedAt ?? 0
  }

  has(id: string): boolean {
    return this.#running.has(id)
  }

  isAt({ id, seq }: JobRecord): boolean {
    return this.#running.get(id)?.seq === seq
  }

  /** The keys of the jobs' rows. */
  places(): ReadonlySet<string> {
    return new Set([...this.#running.values()].map(({ key }) => key))
  }

  /** A job that was found running when the store was opened. */
  found({ job, startedAt }: Interrupted): void {
    this.began(job, startedAt)
  }

  /** Answers the key of its row. */
  began(job: JobRecord, startedAt: number): string {
    const key = placeKey(job)
    this.#running.set(job.id, { key, seq: job.seq, startedAt })
    return key
  }

  ended(id: string): void {
    this.#running.delete(id)
  }
}

/** That an attempt has begun becomes a row of its own. */
export function putMark(batch: RowBatch, key: string, seq: number, startedAt: number): void {
  batch.put(markKey(seq), pack([key, startedAt]))
}

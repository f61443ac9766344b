import { IMMEDIATE } from '#dist/src/job/lane.js'
import type { JobRecord, Outcome } from '#dist/src/job/record.js'
import type { Begin, End, Insert } from '#dist/src/store/contract.js'
import { agreed, recordOf as plainRecord } from '../fixtures/record.mjs'

export function recordOf(n: number, over: Partial<JobRecord> = {}): JobRecord {
  return plainRecord({
    lane: IMMEDIATE,
    due: 1000,
    seq: 2 ** 32 + n,
    id: `job-${n}`,
    instance: 'life',
    agreed: agreed({ maxAttempts: 3 }),
    enqueuedAt: 900,
    args: Buffer.from(`args ${n}`),
    ...over,
  })
}

export function outcomeOf(job: JobRecord, seq: number): Outcome {
  const { id, edition, name, distributor, instance, enqueuedAt, args } = job
  const { slot } = job.course
  const who = { seq, distributor, instance, id, edition, name, slot, enqueuedAt, args }
  const times = { startedAt: 1000, finishedAt: 1010 }
  return {
    ...who,
    ...times,
    state: 'completed',
    more: false,
    node: 'n1',
    attempt: 1,
    child: 1,
    error: Buffer.alloc(0),
  }
}

export function insertOf(job: JobRecord, number: number | null = null): Insert {
  return { kind: 'insert', job, ownId: false, number }
}

export function beginOf(job: JobRecord): Begin {
  return { kind: 'begin', job, startedAt: 1000 }
}

export function endOf(from: JobRecord, outcome: Outcome | null = null): End {
  return { kind: 'end', from, running: true, outcome, keep: null }
}

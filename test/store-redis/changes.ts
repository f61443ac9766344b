import type { JobRecord, Outcome } from '#dist/src/job/record.js'
import type { Begin, End, Insert } from '#dist/src/store/contract.js'

export function recordOf(n: number, over: Partial<JobRecord> = {}): JobRecord {
  return {
    lane: 0,
    due: 1000,
    seq: 2 ** 32 + n,
    id: `job-${n}`,
    name: 'work',
    distributor: 'app',
    instance: 'life',
    wanted: true,
    node: null,
    strictNode: false,
    notNode: [],
    periodMs: 0,
    missed: 'once',
    maxAttempts: 3,
    backoff: null,
    timeoutMs: null,
    enqueuedAt: 900,
    firstDue: 1000,
    slot: 0,
    attempt: 0,
    losses: 0,
    lastError: null,
    args: Buffer.from(`args ${n}`),
    ...over,
  }
}

export function outcomeOf(job: JobRecord, seq: number): Outcome {
  const { id, name, distributor, instance, slot, enqueuedAt, args } = job
  const who = { seq, distributor, instance, id, name, slot, enqueuedAt, args }
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
  return { kind: 'insert', job, unique: false, number }
}

export function beginOf(job: JobRecord): Begin {
  return { kind: 'begin', job, startedAt: 1000 }
}

export function endOf(from: JobRecord, outcome: Outcome | null = null): End {
  return { kind: 'end', from, running: true, outcome, keep: null }
}

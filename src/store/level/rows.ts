import { pack, unpack } from '../../codec.js'
import { JrError } from '../../errors.js'
import type { EndedJob, JobRecord, Lane, Outcome } from '../../job/record.js'
import type { Backoff } from '../../job/retry-policy.js'
import type { TerminalState } from '../../job/states.js'

/**
 * A row: its version, the length of its head, the head (an array of small fields in MessagePack), then payloads. The
 * version says how the fields are to be read: a row of a version that is not known is never guessed at.
 */
const VERSION = 1
const PREFIX = 5

function encode(fields: unknown[], first: Buffer, second?: Buffer): Buffer {
  const head = pack(fields)
  const row = Buffer.allocUnsafe(PREFIX + head.length + first.length + (second?.length ?? 0))
  row[0] = VERSION
  row.writeUInt32BE(head.length, 1)
  row.set(head, PREFIX)
  row.set(first, PREFIX + head.length)
  if (second !== undefined) row.set(second, PREFIX + head.length + first.length)
  return row
}

function decode(row: Buffer): { fields: unknown[]; payload: Buffer } {
  const version = row[0]
  if (version !== VERSION) {
    throw new JrError(
      'JR_STORE_CORRUPT',
      `a row of format ${version}; this version of job-reactor reads ${VERSION}`,
    )
  }
  const end = PREFIX + row.readUInt32BE(1)
  const fields = unpack(row.subarray(PREFIX, end))
  if (!Array.isArray(fields)) throw new JrError('JR_STORE_CORRUPT', 'a row without fields')
  return { fields, payload: row.subarray(end) }
}

export function encodeJob(job: JobRecord): Buffer {
  return encode(jobFields(job), job.args)
}

export function decodeJob(row: Buffer): JobRecord {
  const { fields, payload } = decode(row)
  return jobOf(fields, payload)
}

export function encodeEnded(ended: EndedJob): Buffer {
  const { job, state, startedAt, finishedAt } = ended
  return encode([state, startedAt, finishedAt, ...jobFields(job)], job.args)
}

export function decodeEnded(row: Buffer): EndedJob {
  const { fields, payload } = decode(row)
  const [state, startedAt, finishedAt, ...rest] = fields as [TerminalState, number, number, ...unknown[]]
  return { job: jobOf(rest, payload), state, startedAt, finishedAt }
}

function jobFields(job: JobRecord): unknown[] {
  return [
    job.lane,
    job.due,
    job.seq,
    job.id,
    job.name,
    job.distributor,
    job.instance,
    job.wanted,
    job.node,
    job.strictNode,
    job.notNode,
    job.periodMs,
    job.missed,
    job.maxAttempts,
    job.backoff,
    job.timeoutMs,
    job.enqueuedAt,
    job.firstDue,
    job.slot,
    job.attempt,
    job.losses,
    job.lastError,
  ]
}

function jobOf(f: unknown[], args: Buffer): JobRecord {
  return {
    lane: f[0] as Lane,
    due: f[1] as number,
    seq: f[2] as number,
    id: f[3] as string,
    name: f[4] as string,
    distributor: f[5] as string,
    instance: f[6] as string,
    wanted: f[7] as boolean,
    node: f[8] as string | null,
    strictNode: f[9] as boolean,
    notNode: f[10] as string[],
    periodMs: f[11] as number,
    missed: f[12] as JobRecord['missed'],
    maxAttempts: f[13] as number | null,
    backoff: f[14] as Backoff | null,
    timeoutMs: f[15] as number | null,
    enqueuedAt: f[16] as number,
    firstDue: f[17] as number,
    slot: f[18] as number,
    attempt: f[19] as number,
    losses: f[20] as number,
    lastError: f[21] as string | null,
    args,
  }
}

export function encodeOutcome(outcome: Outcome): Buffer {
  const fields = [
    outcome.seq,
    outcome.distributor,
    outcome.instance,
    outcome.id,
    outcome.name,
    outcome.state,
    outcome.slot,
    outcome.more,
    outcome.node,
    outcome.attempt,
    outcome.enqueuedAt,
    outcome.startedAt,
    outcome.finishedAt,
    outcome.child,
    outcome.args.length,
  ]
  return encode(fields, outcome.args, outcome.error)
}

export function decodeOutcome(row: Buffer): Outcome {
  const { fields: f, payload } = decode(row)
  const length = f[14] as number
  return {
    seq: f[0] as number,
    distributor: f[1] as string,
    instance: f[2] as string,
    id: f[3] as string,
    name: f[4] as string,
    state: f[5] as TerminalState,
    slot: f[6] as number,
    more: f[7] as boolean,
    node: f[8] as string,
    attempt: f[9] as number,
    enqueuedAt: f[10] as number,
    startedAt: f[11] as number,
    finishedAt: f[12] as number,
    child: f[13] as number,
    args: payload.subarray(0, length),
    error: payload.subarray(length),
  }
}

import { IMMEDIATE } from '#dist/src/job/lane.js'
import type { JobRecord, Outcome } from '#dist/src/job/record.js'
import { recordOf } from '../fixtures/record.mjs'

/** A record with nothing special about it. */
export function record(over: Partial<JobRecord> = {}): JobRecord {
  return recordOf({
    lane: IMMEDIATE,
    due: 1000,
    seq: 1,
    id: 'job-1',
    enqueuedAt: 1000,
    args: Buffer.from([0x80]),
    ...over,
  })
}

export function outcome(over: Partial<Outcome> = {}): Outcome {
  return {
    seq: 1,
    distributor: 'app',
    instance: 'life-1',
    id: 'job-1',
    edition: 0,
    name: 'work',
    state: 'completed',
    slot: 0,
    more: false,
    node: 'node-1',
    attempt: 1,
    enqueuedAt: 1000,
    startedAt: 1001,
    finishedAt: 1002,
    child: 7,
    args: Buffer.from([0x80]),
    error: Buffer.alloc(0),
    ...over,
  }
}

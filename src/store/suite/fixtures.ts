import { FRESH } from '../../job/course.js'
import { IMMEDIATE, type Lane } from '../../job/lane.js'
import type { JobRecord, Outcome } from '../../job/record.js'
import { agree } from '../../job/terms/agreed.js'
import type { Begin, Change, End, Insert, Move, Note, Shelf, Store, TakenNote } from '../contract.js'

/** What a case is given: an empty store that has not been opened, and a way to have it anew with what it has kept. */
export interface StoreUnderTest {
  readonly store: Store
  /** After `store` was closed: a store with the same data, not opened yet. Null for a store that keeps nothing. */
  readonly reopen: (() => Store) | null
}

/** Promises of one subject, by name. */
export type Cases = Record<string, (make: () => Promise<StoreUnderTest>) => Promise<void>>

export const NODE = 'contract_node'
export const MANY = 1_000_000_000

const SOME = agree({ notNode: ['other'], maxAttempts: 3, backoff: { type: 'linear', delay: 5 } }, [])

export function record(over: Partial<JobRecord> = {}): JobRecord {
  return {
    lane: IMMEDIATE,
    due: 1000,
    seq: 1,
    id: 'a',
    edition: 0,
    name: 'work',
    distributor: 'app',
    instance: 'life',
    wanted: true,
    agreed: SOME,
    enqueuedAt: 900,
    course: FRESH,
    byWall: false,
    args: Buffer.from('args'),
    ...over,
  }
}

export function outcome(over: Partial<Outcome> = {}): Outcome {
  return {
    seq: 100,
    distributor: 'app',
    instance: 'life',
    id: 'a',
    edition: 0,
    name: 'work',
    state: 'completed',
    slot: 0,
    more: false,
    node: NODE,
    attempt: 1,
    enqueuedAt: 900,
    startedAt: 1000,
    finishedAt: 1010,
    child: 42,
    args: Buffer.from('result'),
    error: Buffer.from('error'),
    ...over,
  }
}

export const insert = (job: JobRecord, over: Partial<Insert> = {}): Insert => ({
  kind: 'insert',
  job,
  ownId: false,
  number: null,
  ...over,
})
export const begin = (job: JobRecord, startedAt = 1000): Begin => ({ kind: 'begin', job, startedAt })
export const move = (
  from: JobRecord,
  running: boolean,
  to: JobRecord,
  told: Outcome | null = null,
): Move => ({
  kind: 'move',
  from,
  running,
  to,
  outcome: told,
})
export const end = (
  from: JobRecord,
  running: boolean,
  told: Outcome | null = null,
  keep: End['keep'] = null,
): End => ({ kind: 'end', from, running, outcome: told, keep })

/** A shelf of all nodes, and one of a node's own. */
export const SHARED: Shelf = { name: 'shared', own: false }
export const OWN: Shelf = { name: 'own', own: true }

export function note(key: string, value: string | null = '', shelf = SHARED): Note {
  return { shelf, key, value: value === null ? null : Buffer.from(value) }
}

/** What answers a change with this note, when it is there. */
export function taken({ shelf, key, value }: Note): TakenNote {
  return { is: 'taken', shelf, key, value: value ?? Buffer.alloc(0) }
}

export const keysOn = async (store: Store, shelf: Shelf) =>
  (await store.notes(shelf, {}, MANY)).map(({ key }) => key)

export async function using(
  make: () => Promise<StoreUnderTest>,
  body: (store: Store, made: StoreUnderTest) => Promise<void>,
): Promise<void> {
  const made = await make()
  await made.store.open(NODE)
  try {
    await body(made.store, made)
  } finally {
    await made.store.close()
  }
}

export const commit = (store: Store, ...changes: Change[]) => store.commit(changes, true)
export const waitingIds = async (store: Store, lane: Lane = IMMEDIATE) =>
  (await store.waiting(lane, null, MANY, MANY)).map(({ id }) => id)

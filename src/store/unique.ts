import { isParked } from '../job/lane.js'
import type { JobRecord } from '../job/record.js'
import type { JobState } from '../job/states.js'
import { uniqueKeyOf } from '../job/terms/where.js'
import type { Note, NoteName, Shelf, Store } from './contract.js'
import { behindTime, isTaken, timedValue, timeOf } from './notes.js'

/** Which job has a key: one among all nodes. */
export const UNIQUE: Shelf = { name: 'unique', own: false }
/** Keys that are free again at a time, in the order of these times. */
export const ENDING: Shelf = { name: 'ending', own: false }

/** Digits of a time, so that texts are in its order. */
const DIGITS = 16

/** The notes of a new job that has a key: it is not taken if another one has it. `again`: it has had it before. */
export function takeKey(job: JobRecord, now: number, again: boolean): readonly Note[] {
  const name = nameOf(job)
  if (name === null) return []
  const ends = endOf(job)
  const value = timedValue(ends, job.id)
  const own = again && Number.isFinite(ends)
  const note: Note = { ...name, value, unless: 'taken', at: own ? Math.max(now, ends) : now }
  if (ends === Number.POSITIVE_INFINITY) return [note]
  return [note, { shelf: ENDING, key: endingKey(ends, name.key), value: NOTHING }]
}

/** The key that a waiting or running job lets go when it ends, or begins for the first time: null when it has none. */
export function heldKey(job: JobRecord, state: JobState): NoteName | null {
  const { unique } = job.agreed.terms
  if (unique === undefined || typeof unique.until === 'number') return null
  if (unique.until === 'started' && (state === 'running' || hasBegun(job))) return null
  return nameOf(job)
}

/**
 * What becomes of its key when a waiting job gets other terms, or other args: it lets go the one, and takes the other if that is free. One
 * that has waited for its key takes it.
 */
export function changeKey(from: JobRecord, to: JobRecord, now: number): readonly Note[] {
  if (from.agreed === to.agreed && !isParked(from.lane)) return []
  const [had, has] = [nameOf(from), nameOf(to)]
  const [before, after] = [from.agreed.terms.unique, to.agreed.terms.unique]
  if (had?.key === has?.key && before?.until === after?.until) return []
  const ends = endOf(from)
  // A key of a time that is over may be another job's by now.
  const held = had !== null && (Number.isFinite(ends) ? ends > now : heldKey(from, 'available') !== null)
  const gone: Note[] = held ? [{ ...had, value: null }] : []
  if (held && Number.isFinite(ends)) gone.push({ shelf: ENDING, key: endingKey(ends, had.key), value: null })
  if (after?.until === 'started' && hasBegun(to)) return gone
  const taken = takeKey(to, now, false)
  return [...gone, ...(held && had.key === has?.key ? taken.map(atAnyRate) : taken)]
}

/** Its own key is in nobody's way. */
function atAnyRate({ shelf, key, value }: Note): Note {
  return { shelf, key, value }
}

/** The job that has a key, as the value of its note says it. */
export function holderOf(value: Buffer): string {
  return behindTime(value).toString()
}

/** The job that has a key; null when it is free, or will be with the next one that wants it. */
export async function holder(store: Pick<Store, 'notes'>, key: string): Promise<string | null> {
  const value = await heldBy(store, key)
  return value === null ? null : holderOf(value)
}

/** Who has a key, and until when: epoch ms; Infinity: until it lets it go. */
export interface Held {
  readonly id: string
  readonly ends: number
}

/** Null: the key is free. */
export async function holding(store: Pick<Store, 'notes'>, key: string, now: number): Promise<Held | null> {
  const value = await heldBy(store, key)
  return isTaken({ at: now }, value) ? { id: holderOf(value), ends: timeOf(value) } : null
}

async function heldBy(store: Pick<Store, 'notes'>, key: string): Promise<Buffer | null> {
  const [first] = await store.notes(UNIQUE, { prefix: key }, 1)
  return first?.key === key ? first.value : null
}

/** The key that ends, of a note on the shelf of those. */
export function keyOfEnding(key: string): string {
  return key.slice(DIGITS)
}

/** In front of which all keys are that have ended. */
export function endedBefore(now: number): string {
  return timeText(now)
}

/** Null: it has no key, or has not got it yet. */
function nameOf({ name, agreed, lane }: JobRecord): NoteName | null {
  const key = isParked(lane) ? null : uniqueKeyOf(agreed.terms, name)
  return key === null ? null : { shelf: UNIQUE, key }
}

/** On the node's wall clock. */
function endOf({ agreed, enqueuedAt }: JobRecord): number {
  const until = agreed.terms.unique?.until
  return typeof until === 'number' ? enqueuedAt + until : Number.POSITIVE_INFINITY
}

/** At some time, whether that attempt counts or not: another may have the key since. */
function hasBegun({ course }: JobRecord): boolean {
  return course.attempt > 0 || course.slot > 0 || course.keyless
}

function endingKey(ends: number, key: string): string {
  return timeText(ends) + key
}

function timeText(ms: number): string {
  return String(ms).padStart(DIGITS, '0')
}

const NOTHING = Buffer.alloc(0)

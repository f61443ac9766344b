import type { ByteWriter } from '../../bytes/byte-writer.js'
import type { KeptAs } from '../../job/kept.js'
import type { Lane } from '../../job/lane.js'
import type { Place } from '../../job/record.js'
import type { TerminalState } from '../../job/states.js'
import type { LaneHead } from '../contract.js'

/**
 * All keys of a prefix carry it in braces: so they are in one slot of a cluster, and one script may touch them all.
 * What is ordered is ordered as text, so numbers are base 36 of a fixed width, as in the level store:
 *
 *     <lane>\0<due><seq><id>           a place: of a waiting job in `waiting`, of a running one in `running`
 *     <kept as>\0<time><seq><id>       a job in `ended`
 *     <distributor>\0<seq>             an outcome
 *     <shelf>\0<key>                   a note
 *     <distributor>\0<instance>        the highest number taken
 */
export interface SharedKeys {
  /** When the lease of each node ends. */
  readonly leases: string
  /** The rows of all jobs of all nodes, so that an id is one job whichever node has it. */
  readonly jobs: string
  readonly notes: NoteKeys
}

/** Notes in order, and the values of those that have some. */
export interface NoteKeys {
  readonly names: string
  readonly values: string
}

/** Where a node hears what is asked of it, and where one who has asked hears the answer. */
export function askChannel(prefix: string, node: string): string {
  return `{${prefix}}:ask:${node}`
}

export function answerChannel(prefix: string, asker: string): string {
  return `{${prefix}}:answer:${asker}`
}

export interface NodeKeys {
  readonly node: string
  readonly waiting: string
  readonly running: string
  readonly ended: string
  readonly outcomes: string
  readonly payloads: string
  readonly taken: string
  /** Its own. */
  readonly notes: NoteKeys
}

export function sharedKeys(prefix: string): SharedKeys {
  const notes = { names: `{${prefix}}:notes`, values: `{${prefix}}:values` }
  return { leases: `{${prefix}}:leases`, jobs: `{${prefix}}:jobs`, notes }
}

export function nodeKeys(prefix: string, node: string): NodeKeys {
  const key = (what: string) => `{${prefix}}:${what}:${node}`
  return {
    node: key('node'),
    waiting: key('waiting'),
    running: key('running'),
    ended: key('ended'),
    outcomes: key('outcomes'),
    payloads: key('payloads'),
    taken: key('taken'),
    notes: { names: key('notes'), values: key('values') },
  }
}

/** Jobs that have completed are side by side. */
const ENDED: Readonly<Record<KeptAs, string>> = { completed: 'c', result: 'd', failed: 'f', cancelled: 'x' }

/** Characters of the place of an ended job before the id. */
export const ENDED_LENGTH = 22
const TIME_DIGITS = 9
const SEQ_DIGITS = 11

export function placeOf({ lane, due, seq }: Place, id: string): string {
  return `${lane}\0${timeText(due)}${seqText(seq)}${id}`
}

/** The same as `placeOf`, without a string. */
export function writePlace(out: ByteWriter, { lane, due, seq, id }: Place & { readonly id: string }): void {
  out.chars(lane)
  out.u8(0)
  out.base36(due, TIME_DIGITS)
  out.base36(seq, SEQ_DIGITS)
  out.chars(id)
}

export function idOf(place: string): string {
  return place.slice(place.indexOf('\0') + 1 + TIME_DIGITS + SEQ_DIGITS)
}

export function headOf(place: string): LaneHead {
  const end = place.indexOf('\0')
  return { lane: place.slice(0, end), due: Number.parseInt(place.slice(end + 1, end + 1 + TIME_DIGITS), 36) }
}

/** A range of members, as ZRANGEBYLEX takes it. */
export interface Range {
  readonly min: string
  readonly max: string | Buffer
}

export function laneRange(lane: Lane, after: Place | null): Range {
  const min = after === null ? `(${lane}\0` : `[${placeOf({ lane, due: after.due, seq: after.seq + 1 }, '')}`
  return { min, max: `(${lane}\x01` }
}

export function allAfter(after: string | null): Range {
  return { min: after === null ? '-' : `(${after}`, max: '+' }
}

export function endedPlace(as: KeptAs, time: number, seq: number, id: string): string {
  return `${ENDED[as]}\0${timeText(time)}${seqText(seq)}${id}`
}

/** All jobs that have ended like this. */
export function endedRange(state: TerminalState): Range {
  const last = state === 'completed' ? 'result' : state
  return { min: `(${ENDED[state]}\0`, max: `(${ENDED[last]}\x01` }
}

export function keptRange(as: KeptAs): Range {
  return { min: `(${ENDED[as]}\0`, max: `(${ENDED[as]}\x01` }
}

export function endedBefore(as: KeptAs, time: number): string {
  return `(${ENDED[as]}\0${timeText(Math.max(0, time))}`
}

/** Names are escaped, so that no name can be the beginning of another one's keys. */
export function outcomeKey(distributor: string, seq: number): string {
  return `${escaped(distributor)}\0${seqText(seq)}`
}

/** The same as `outcomeKey`, without a string. */
export function writeOutcomeKey(
  out: ByteWriter,
  { distributor, seq }: { readonly distributor: string; readonly seq: number },
): void {
  out.chars(escaped(distributor))
  out.u8(0)
  out.base36(seq, SEQ_DIGITS)
}

export function outcomeRange(distributor: string, after: number): Range {
  return { min: `[${outcomeKey(distributor, after + 1)}`, max: `(${escaped(distributor)}\x01` }
}

export function takenKey(distributor: string, instance: string): string {
  return `${escaped(distributor)}\0${escaped(instance)}`
}

const REMEMBERED = 1000
const known = new Map<string, string>()

function escaped(name: string): string {
  const before = known.get(name)
  if (before !== undefined) return before
  const text = encodeURIComponent(Buffer.from(name).toString())
  if (known.size >= REMEMBERED) known.clear()
  known.set(name, text)
  return text
}

function timeText(time: number): string {
  return digits(time, TIME_DIGITS)
}

function seqText(seq: number): string {
  return digits(seq, SEQ_DIGITS)
}

const LOW = 36 ** 5

/** In two halves that are small integers: a larger number takes several times as long. */
function digits(value: number, width: number): string {
  const high = Math.floor(value / LOW)
  return high.toString(36).padStart(width - 5, '0') + (value - high * LOW).toString(36).padStart(5, '0')
}

import { JrError } from '../../errors.js'
import { KEPT_AS, type KeptAs } from '../../job/kept.js'
import type { Lane } from '../../job/lane.js'
import type { Place } from '../../job/record.js'
import type { TerminalState } from '../../job/states.js'
import type { LaneHead } from '../contract.js'

/**
 * Keys are text, and sort as the rows are wanted. Numbers are base 36 of a fixed width: nine digits hold a time until
 * the year 5188, eleven any whole number that JavaScript has.
 *
 *     a<group>                     what a group of changes did to what is young (young.ts)
 *     b                            what the store knows of itself
 *     c<distributor>\0<instance>   the highest number taken
 *     d<number>                    without fsync: the number of a batch (chain.ts)
 *     i<id>                        where the job of this id is: the key of its row
 *     j<lane>\0<due><seq>          a waiting or running job that is not young
 *     k<kept as><time><seq>        an ended job that is kept: behind the others, so that a list of all is one range
 *     n<shelf>\0<key>              a note that is not young
 *     o<distributor>\0<seq>        an outcome that is not young
 *     r<seq>                       an attempt of a job that is not young has begun
 *
 * What every group writes stands in front, side by side. LevelDB merges files whose ranges of keys meet: a new file with
 * keys from both ends would be merged with all there is, millions of waiting jobs included, again and again.
 */
export const META_KEY = 'b'

const TIME_DIGITS = 9

/** Jobs that have completed are side by side. */
const ENDED: Readonly<Record<KeptAs, string>> = { completed: 'c', result: 'd', failed: 'f', cancelled: 'x' }

export function placeKey({ lane, due, seq }: Place): string {
  return `${startOfLane(lane)}${due.toString(36).padStart(TIME_DIGITS, '0')}${seqText(seq)}`
}

export function laneRange(lane: Lane, after: Place | null): { gt: string; lt: string } {
  return { gt: after === null ? startOfLane(lane) : placeKey({ ...after, lane }), lt: endOfLane(lane) }
}

/** How the keys of the lane begin. */
export function startOfLane(lane: Lane): string {
  return `j${lane}\0`
}

/** Behind all places of the lane, and in front of those of the next. */
export function endOfLane(lane: Lane): string {
  return `j${lane}\x01`
}

/** Of the key of a job that is the first of its lane. */
export function headOf(key: string): LaneHead {
  const end = key.indexOf('\0')
  if (end < 0) throw new JrError('JR_STORE_CORRUPT', `the key ${JSON.stringify(key)} says no place of a job`)
  return { lane: key.slice(1, end), due: Number.parseInt(key.slice(end + 1, end + 1 + TIME_DIGITS), 36) }
}

/** Jobs that have not ended; with `ended`, the others too. */
export function jobsRange(ended: boolean): { gt: string; lt: string } {
  return { gt: 'j', lt: ended ? 'l' : 'k' }
}

export function isEndedKey(key: string): boolean {
  return key.startsWith('k')
}

/** Of the key of an ended job. */
export function keptAsOf(key: string): KeptAs {
  return KEPT_AS.find((as) => ENDED[as] === key[1]) ?? 'failed'
}

export function groupKey(number: number): string {
  return `a${seqText(number)}`
}

export function groupOf(key: string): number {
  return Number.parseInt(key.slice(1), 36)
}

export const GROUPS = { gt: 'a', lt: 'b' } as const
/** Of jobs and notes that are not young: where the jobs are, the jobs themselves, and notes. */
export const ROWS_THAT_GO = { gt: 'i', lt: 'o' } as const
export const IDS = { gt: 'i', lt: 'j' } as const
export const OUTCOMES = { gt: 'o', lt: 'p' } as const
export const MARKS = { gt: 'r', lt: 's' } as const
export const CHAIN = { gt: 'd', lt: 'e' } as const

export function chainKey(number: number): string {
  return `d${number.toString(36)}`
}

export function markKey(seq: number): string {
  return `r${seqText(seq)}`
}

/** Of the path of a note. */
export function noteKey(path: string): string {
  return `n${path}`
}

export function idKey(id: string): string {
  return `i${id}`
}

export function endedKey(as: KeptAs, time: number, seq: number): string {
  return `${endedPrefix(as)}${time.toString(36).padStart(TIME_DIGITS, '0')}${seqText(seq)}`
}

export function endedPrefix(as: KeptAs): string {
  return `k${ENDED[as]}`
}

/** All jobs that have ended like this. */
export function endedRange(state: TerminalState): { gt: string; lt: string } {
  return { gt: endedPrefix(state), lt: `${endedPrefix(state === 'completed' ? 'result' : state)}~` }
}

export function endedBefore(as: KeptAs, time: number): string {
  return `${endedPrefix(as)}${Math.max(0, time).toString(36).padStart(TIME_DIGITS, '0')}`
}

/** Names are escaped, so that no name can be the beginning of another one's keys. */
export function outcomePrefix(distributor: string): string {
  return `o${encodeURIComponent(toWellFormed(distributor))}\0`
}

export function outcomeKey(prefix: string, seq: number): string {
  return prefix + seqText(seq)
}

export function takenKey(distributor: string, instance: string): string {
  return `c${encodeURIComponent(toWellFormed(distributor))}\0${encodeURIComponent(toWellFormed(instance))}`
}

function seqText(seq: number): string {
  return seq.toString(36).padStart(11, '0')
}

function toWellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}

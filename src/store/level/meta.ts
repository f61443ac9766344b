import { pack, unpack } from '../../bytes/codec.js'
import { isImmediate, isKeyed, type Lane } from '../../job/lane.js'
import type { LogRange } from './log-opening.js'

/** Which of the counts of rows are of jobs in this lane that were to run at once; null: they were not. */
export function backlogOf(lane: Lane): 'backlog' | 'keyed' | null {
  if (!isImmediate(lane)) return null
  return isKeyed(lane) ? 'keyed' : 'backlog'
}

/** What the store knows of itself: one row, written with every group of changes that changes rows. */
export interface Meta {
  readonly id: string
  readonly node: string
  readonly epoch: number
  /** How many batches LevelDB has been given. */
  batch: number
  /** Rows there are. */
  readonly rows: RowCounts
  /** The segments of the log that are needed. */
  log: LogRange
}

export interface RowCounts {
  /** Of jobs that wait or run. */
  live: number
  /** Of those of them that were to run at once, in lanes without a key and with one: a backlog, when there are many. */
  backlog: number
  keyed: number
  outcomes: number
  completed: number
  /** Of those that have completed, and whose result is kept. */
  result: number
  failed: number
  cancelled: number
}

export function noRows(): RowCounts {
  return { live: 0, backlog: 0, keyed: 0, outcomes: 0, completed: 0, result: 0, failed: 0, cancelled: 0 }
}

/** So many more rows, or fewer, of jobs in this lane that wait or run. */
export function countLive(rows: RowCounts, lane: Lane, more: 1 | -1): void {
  rows.live += more
  const backlog = backlogOf(lane)
  if (backlog !== null) rows[backlog] += more
}

export function newMeta(id: string, node: string): Meta {
  return { id, node, epoch: 0, batch: 0, rows: noRows(), log: { oldest: 1, newest: 0, synced: 0 } }
}

export function encodeMeta({ id, node, epoch, batch, rows, log }: Meta): Buffer {
  const { live, backlog, keyed, outcomes, completed, result, failed, cancelled } = rows
  const { oldest, newest, synced } = log
  const counts = [live, backlog, keyed, outcomes, completed, result, failed, cancelled]
  return pack([id, node, epoch, batch, counts, [oldest, newest, synced]])
}

export function decodeMeta(row: Buffer): Meta {
  const [id, node, epoch, batch, counts, range] = unpack(row) as Fields
  const [live, backlog, keyed, outcomes, completed, result, failed, cancelled] = counts
  const rows = { live, backlog, keyed, outcomes, completed, result, failed, cancelled }
  const [oldest, newest, synced] = range
  return { id, node, epoch, batch, rows, log: { oldest, newest, synced } }
}

type Fields = [
  id: string,
  node: string,
  epoch: number,
  batch: number,
  counts: Counts,
  range: [number, number, number],
]
type Counts = [number, number, number, number, number, number, number, number]

import { pack, unpack } from '../../codec.js'
import type { LogRange } from './log-opening.js'

/** What the store knows of itself: one row, written with every group of changes that changes rows. */
export interface Meta {
  readonly id: string
  readonly node: string
  readonly epoch: number
  /** Rows there are. */
  readonly rows: RowCounts
  /** The segments of the log that are needed. */
  log: LogRange
}

export interface RowCounts {
  /** Of jobs that wait or run. */
  live: number
  /** Of those of them that were to run at once: a backlog, when there are many. */
  backlog: number
  outcomes: number
  completed: number
  failed: number
  cancelled: number
}

export function newMeta(id: string, node: string): Meta {
  const rows = { live: 0, backlog: 0, outcomes: 0, completed: 0, failed: 0, cancelled: 0 }
  return { id, node, epoch: 0, rows, log: { oldest: 1, newest: 0 } }
}

export function encodeMeta({ id, node, epoch, rows, log }: Meta): Buffer {
  const { live, backlog, outcomes, completed, failed, cancelled } = rows
  const { oldest, newest } = log
  return pack([id, node, epoch, live, backlog, outcomes, completed, failed, cancelled, oldest, newest])
}

export function decodeMeta(row: Buffer): Meta {
  const [id, node, ...numbers] = unpack(row) as [string, string, ...Nine]
  const [epoch, live, backlog, outcomes, completed, failed, cancelled, oldest, newest] = numbers
  const rows = { live, backlog, outcomes, completed, failed, cancelled }
  return { id, node, epoch, rows, log: { oldest, newest } }
}

type Nine = [number, number, number, number, number, number, number, number, number]

import { pack, unpack } from '../../codec.js'
import type { Counts } from '../contract.js'

/** What the store knows of itself: one row, written with every group of changes. */
export interface Meta {
  readonly id: string
  readonly node: string
  readonly epoch: number
  readonly counts: MutableCounts
  /** Rows of jobs that were to run at once: a backlog, when there are many. */
  backlog: number
}

export type MutableCounts = { -readonly [Name in keyof Counts]: number }

export function noCounts(): MutableCounts {
  return { waiting: 0, running: 0, completed: 0, failed: 0, cancelled: 0, outcomes: 0 }
}

export function encodeMeta({ id, node, epoch, counts, backlog }: Meta): Buffer {
  const { waiting, running, completed, failed, cancelled, outcomes } = counts
  return pack([id, node, epoch, waiting, running, completed, failed, cancelled, outcomes, backlog])
}

export function decodeMeta(row: Buffer): Meta {
  const [id, node, ...numbers] = unpack(row) as [string, string, ...Eight]
  const [epoch, waiting, running, completed, failed, cancelled, outcomes, backlog] = numbers
  return { id, node, epoch, backlog, counts: { waiting, running, completed, failed, cancelled, outcomes } }
}

type Eight = [number, number, number, number, number, number, number, number]

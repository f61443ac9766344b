import { pack, unpack } from '../../codec.js'
import type { Counts } from '../contract.js'

/** What the store knows of itself: one row, written with every group of changes. */
export interface Meta {
  readonly id: string
  readonly node: string
  readonly epoch: number
  readonly counts: MutableCounts
}

export type MutableCounts = { -readonly [Name in keyof Counts]: number }

export function noCounts(): MutableCounts {
  return { waiting: 0, running: 0, completed: 0, failed: 0, cancelled: 0, outcomes: 0 }
}

export function encodeMeta({ id, node, epoch, counts }: Meta): Buffer {
  const { waiting, running, completed, failed, cancelled, outcomes } = counts
  return pack([id, node, epoch, waiting, running, completed, failed, cancelled, outcomes])
}

export function decodeMeta(row: Buffer): Meta {
  const f = unpack(row) as [string, string, number, number, number, number, number, number, number]
  const [id, node, epoch, waiting, running, completed, failed, cancelled, outcomes] = f
  return { id, node, epoch, counts: { waiting, running, completed, failed, cancelled, outcomes } }
}

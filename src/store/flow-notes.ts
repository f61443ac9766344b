import { ByteReader } from '../bytes/byte-reader.js'
import { ByteWriter } from '../bytes/byte-writer.js'
import { TERMINAL_STATES, type TerminalState } from '../job/states.js'
import type { NoteName, NoteRange, Shelf } from './contract.js'
import type { Noted } from './notes.js'

/** Of each job of a flow that has not ended as a whole: whether the job has, and how. */
export const FLOWS: Shelf = { name: 'flow', own: false }
/** What became of those that another job needs: args with results, and error. */
export const RESULTS: Shelf = { name: 'result', own: false }

export interface FlowNote {
  readonly stands: 'open' | TerminalState
  readonly id: string
  readonly name: string
  /** Of the flow. */
  readonly failFast: boolean
}

/** What a job that has ended has left. */
export interface Left {
  /** Packed args with what the job added; null: it was too much to be kept for others. */
  readonly args: Buffer | null
  /** Packed; empty when it has completed. */
  readonly error: Buffer
}

const STANDS = ['open', ...TERMINAL_STATES] as const
const FAIL_FAST = 1 << 3

export function flowNote(flow: string, key: string): NoteName {
  return { shelf: FLOWS, key: `${flow}\0${key}` }
}

export function resultNote(flow: string, key: string): NoteName {
  return { shelf: RESULTS, key: `${flow}\0${key}` }
}

/** The notes of all children of jobs. */
const FAMILIES: NoteRange = { prefix: 'c' }

/** There are jobs that have children. */
export async function hasFamilies(store: Noted): Promise<boolean> {
  return (await store.notes(FLOWS, FAMILIES, 1)).length > 0
}

/** All notes of a flow. */
export function notesOf(flow: string): NoteRange {
  return { prefix: `${flow}\0` }
}

/** The flow and the key of a job, as its note is found by them: no flow has a NUL. */
export function partsOfKey(key: string): { readonly flow: string; readonly key: string } {
  const end = key.indexOf('\0')
  return { flow: key.slice(0, end), key: key.slice(end + 1) }
}

export function flowBytes({ stands, id, name, failFast }: FlowNote): Buffer {
  const w = new ByteWriter(id.length + name.length + 8)
  w.u8(STANDS.indexOf(stands) + (failFast ? FAIL_FAST : 0))
  w.text(id)
  w.text(name)
  return w.take()
}

export function readFlowNote(value: Buffer): FlowNote {
  const r = new ByteReader(value)
  const first = r.u8()
  const stands = STANDS[first & (FAIL_FAST - 1)] ?? 'cancelled'
  return { stands, id: r.text(), name: r.text(), failFast: first >= FAIL_FAST }
}

export function leftBytes({ args, error }: Left): Buffer {
  const w = new ByteWriter((args?.length ?? 0) + error.length + 16)
  w.flag(args !== null)
  w.bytes(args ?? NOTHING)
  w.bytes(error)
  return w.take()
}

export function readLeft(value: Buffer): Left {
  const r = new ByteReader(value)
  const kept = r.flag()
  const args = r.bytes()
  return { args: kept ? args : null, error: r.bytes() }
}

const NOTHING = Buffer.alloc(0)

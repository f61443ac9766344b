import { ByteReader } from '../bytes/byte-reader.js'
import { ByteWriter } from '../bytes/byte-writer.js'
import { TERMINAL_STATES, type TerminalState } from '../job/states.js'
import type { NoteName, NoteRange, Shelf } from './contract.js'
import type { Noted } from './notes.js'

/** Of each flow that has not ended as a whole, by its name, so that there is no second one. Children of a job have none. */
export const HEADS: Shelf = { name: 'head', own: false }
/** Of each job of such a flow: whether the job has ended, and how, and what it has left for others if that is little. */
export const FLOWS: Shelf = { name: 'flow', own: false }
/** What jobs have left for others, if that is much: args with results, and error. */
export const RESULTS: Shelf = { name: 'result', own: false }

export interface FlowNote {
  readonly stands: 'open' | TerminalState
  readonly id: string
  readonly name: string
  /** Of the flow. */
  readonly failFast: boolean
  /** What it has left (see `leftBytes`), which others need; `apart`: that is a note of its own; null: nobody was to need it. */
  readonly result: Buffer | 'apart' | null
}

/** What a job that has ended has left. */
export interface Left {
  /** Packed args with what the job added; null: it was too much to be kept for others. */
  readonly args: Buffer | null
  /** Packed; empty when it has completed. */
  readonly error: Buffer
}

const STANDS = ['open', ...TERMINAL_STATES] as const
/** The first byte: how it stands, and these. */
const FAIL_FAST = 1 << 3
const LEFT_HERE = 1 << 4
const LEFT_APART = 1 << 5
const STANDS_BITS = FAIL_FAST - 1
/** Bytes of what a job has left, from which on it has a note of its own: who looks at a flow reads all others. */
const MUCH = 1024

export function headNote(flow: string): NoteName {
  return { shelf: HEADS, key: flow }
}

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

export function isMuch(left: Buffer): boolean {
  return left.length > MUCH
}

export function flowBytes({ stands, id, name, failFast, result }: FlowNote): Buffer {
  const w = writer
  w.cut(0)
  const leaves = result === null ? 0 : result === 'apart' ? LEFT_APART : LEFT_HERE
  w.u8(STANDS.indexOf(stands) | (failFast ? FAIL_FAST : 0) | leaves)
  w.text(id)
  w.text(name)
  if (result !== null && result !== 'apart') w.bytes(result)
  return w.copy()
}

export function readFlowNote(value: Buffer): FlowNote {
  const r = new ByteReader(value)
  const first = r.u8()
  const stands = STANDS[first & STANDS_BITS] ?? 'cancelled'
  const [id, name] = [r.text(), r.text()]
  const result = (first & LEFT_HERE) !== 0 ? r.bytes() : (first & LEFT_APART) !== 0 ? 'apart' : null
  return { stands, id, name, failFast: (first & FAIL_FAST) !== 0, result }
}

export function leftBytes({ args, error }: Left): Buffer {
  const w = writer
  w.cut(0)
  w.flag(args !== null)
  w.bytes(args ?? NOTHING)
  w.bytes(error)
  return w.copy()
}

export function readLeft(value: Buffer): Left {
  const r = new ByteReader(value)
  const kept = r.flag()
  const args = r.bytes()
  return { args: kept ? args : null, error: r.bytes() }
}

const NOTHING = Buffer.alloc(0)
const writer = new ByteWriter()

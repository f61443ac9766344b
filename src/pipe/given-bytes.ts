import { ByteReader } from '../bytes/byte-reader.js'
import { ByteWriter } from '../bytes/byte-writer.js'
import { TERMINAL_STATES, type TerminalState } from '../job/states.js'

/** A job that another one waits for, or has waited for. */
export interface Other {
  /** In the flow of both; of a child its id. */
  readonly key: string
  readonly id: string
  readonly name: string
  /** Null: it has not ended. */
  readonly state: TerminalState | null
  /** Packed args with results; null: they are too much to be sent along. */
  readonly args: Buffer | null
  /** Packed; empty when it has completed, or has not ended. */
  readonly error: Buffer
}

/** All others of a flow, for the job that needs all of them. */
export interface Others {
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
  /** The first of those that have not completed. */
  readonly failures: readonly Other[]
}

/** What an attempt is given of other jobs, beside its own args. */
export interface Given {
  readonly needs: readonly Other[]
  readonly others: Others | null
  readonly children: readonly Other[]
}

const writer = new ByteWriter()

export const NOTHING_GIVEN: Given = Object.freeze({ needs: [], others: null, children: [] })

export function givenBytes({ needs, others, children }: Given): Buffer {
  const w = writer
  w.cut(0)
  writeAll(w, needs)
  writeAll(w, children)
  w.flag(others !== null)
  if (others !== null) {
    w.uint(others.completed)
    w.uint(others.failed)
    w.uint(others.cancelled)
    writeAll(w, others.failures)
  }
  return w.copy()
}

export function readGiven(bytes: Buffer): Given {
  if (bytes.length === 0) return NOTHING_GIVEN
  const r = new ByteReader(bytes)
  const needs = readAll(r)
  const children = readAll(r)
  const others = r.flag()
    ? { completed: r.uint(), failed: r.uint(), cancelled: r.uint(), failures: readAll(r) }
    : null
  return { needs, others, children }
}

function writeAll(w: ByteWriter, all: readonly Other[]): void {
  w.uint(all.length)
  for (const { key, id, name, state, args, error } of all) {
    w.text(key)
    w.text(id)
    w.text(name)
    w.u8(state === null ? TERMINAL_STATES.length : TERMINAL_STATES.indexOf(state))
    w.flag(args !== null)
    w.bytes(args ?? NOTHING)
    w.bytes(error)
  }
}

function readAll(r: ByteReader): Other[] {
  const all: Other[] = []
  for (let left = r.uint(); left > 0; left--) {
    const [key, id, name] = [r.text(), r.text(), r.text()]
    const state = TERMINAL_STATES[r.u8()] ?? null
    const kept = r.flag()
    const args = r.bytes()
    all.push({ key, id, name, state, args: kept ? args : null, error: r.bytes() })
  }
  return all
}

const NOTHING = Buffer.alloc(0)

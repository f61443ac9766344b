import { familyOf, membershipOf } from '../../src/job/flow.js'
import type { JobRecord } from '../../src/job/record.js'
import { TERMINAL_STATES, type TerminalState } from '../../src/job/states.js'
import { type Given, givenBytes, type Other, type Others } from '../../src/pipe/given-bytes.js'
import {
  FLOWS,
  type FlowNote,
  flowNote,
  notesOf,
  partsOfKey,
  RESULTS,
  readFlowNote,
  readLeft,
  resultNote,
} from '../../src/store/flow-notes.js'
import { allNotes, type NoteName } from '../../src/store/notes.js'
import type { Flow, Part } from './flow.js'
import type { FlowStore } from './reading.js'

type Notes = Pick<FlowStore, 'notes'>

/** Bytes of args with results that are sent along with an attempt. */
const MOST_BYTES = 4 * 1024 * 1024
/** Of all others of a flow those that have not completed, and are named. */
const MOST_FAILURES = 100
const READ_AT_ONCE = 100
/** More than so many are not read one by one. */
const FEW = 20

/** What is read for an attempt: how the jobs that it needs have ended, and what they have left; and its children. */
export async function readGivenFor(store: Notes, job: JobRecord, children: boolean): Promise<Buffer> {
  const left = { bytes: MOST_BYTES }
  const { needs = [] } = job.agreed.terms
  const flow = membershipOf(job)?.flow ?? ''
  const keys = needs.flatMap(({ key }) => (key === null ? [] : [key]))
  const given: Given = {
    needs: await readOthers(store, flow, keys, left),
    others: needs.some(({ key }) => key === null) ? await readAllOthers(store, flow, job, left) : null,
    children: children ? await readChildren(store, familyOf(job), left) : [],
  }
  return givenBytes(given)
}

/** The same of a flow that is in memory; null: not all of it is. */
export function givenOf(flow: Flow, { id, agreed }: JobRecord): Buffer | null {
  const left = { bytes: MOST_BYTES }
  const needs: Other[] = []
  const seen = (part: Part): Other | null => {
    if (part.hasResult && part.result === null) return null
    const { key, id, name, result } = part
    return otherOf(key, { id, name, stands: stateOf(part) ?? 'open' }, result, left)
  }
  let others: Others | null = null
  for (const { key } of agreed.terms.needs ?? []) {
    if (key === null) {
      const parts = [...flow.graph.members.values()].filter((part) => part.id !== id)
      const failures = parts.filter(({ stands }) => stands === 'failed' || stands === 'cancelled')
      const named = failures.slice(0, MOST_FAILURES).map(seen)
      if (named.includes(null)) return null
      const count = (state: TerminalState) => parts.filter(({ stands }) => stands === state).length
      const [completed, failed, cancelled] = TERMINAL_STATES.map(count) as [number, number, number]
      others = { completed, failed, cancelled, failures: named as Other[] }
      continue
    }
    const part = flow.part(key)
    const other = part === undefined ? null : seen(part)
    if (other === null) return null
    needs.push(other)
  }
  return givenBytes({ needs, others, children: [] })
}

function stateOf({ stands }: Part): TerminalState | null {
  return TERMINAL_STATES.find((state) => state === stands) ?? null
}

/** Of a job that has been retried by hand there may be none any more. */
async function readOthers(
  store: Notes,
  flow: string,
  keys: readonly string[],
  left: { bytes: number },
): Promise<Other[]> {
  if (keys.length > FEW) return readMany(store, flow, new Set(keys), left)
  const found: Other[] = []
  for (let at = 0; at < keys.length; at += READ_AT_ONCE) {
    const some = keys.slice(at, at + READ_AT_ONCE)
    const values = await Promise.all(some.map((key) => readNote(store, flowNote(flow, key))))
    const notes = values.map((value) => (value === null ? null : readFlowNote(value)))
    const results = await Promise.all(
      some.map((key, i) => {
        const result = notes[i]?.result ?? null
        return result === 'apart' ? readNote(store, resultNote(flow, key)) : result
      }),
    )
    for (const [i, key] of some.entries()) {
      const note = notes[i] ?? null
      if (note !== null) found.push(otherOf(key, note, results[i] ?? null, left))
    }
  }
  return found
}

async function readAllOthers(
  store: Notes,
  flow: string,
  { id }: JobRecord,
  left: { bytes: number },
): Promise<Others> {
  const counts: Record<TerminalState, number> = { completed: 0, failed: 0, cancelled: 0 }
  const failed: string[] = []
  for await (const { key, value } of allNotes(store, FLOWS, notesOf(flow))) {
    const note = readFlowNote(value)
    if (note.stands === 'open' || note.id === id) continue
    counts[note.stands]++
    if (note.stands !== 'completed' && failed.length < MOST_FAILURES) failed.push(partsOfKey(key).key)
  }
  return { ...counts, failures: await readOthers(store, flow, failed, left) }
}

/** All of the flow is gone through. */
async function readMany(
  store: Notes,
  flow: string,
  keys: ReadonlySet<string>,
  left: { bytes: number },
): Promise<Other[]> {
  const notes = new Map<string, FlowNote>()
  for await (const { key: path, value } of allNotes(store, FLOWS, notesOf(flow))) {
    const { key } = partsOfKey(path)
    if (keys.has(key)) notes.set(key, readFlowNote(value))
  }
  const found = new Map<string, Other>()
  for (const [key, note] of notes) {
    const { result } = note
    found.set(key, otherOf(key, note, result === 'apart' ? null : result, left))
  }
  if (![...notes.values()].some(({ result }) => result === 'apart')) return [...found.values()]
  for await (const { key: path, value } of allNotes(store, RESULTS, notesOf(flow))) {
    const { key } = partsOfKey(path)
    const note = notes.get(key)
    if (note?.result === 'apart') found.set(key, otherOf(key, note, value, left))
  }
  return [...found.values()]
}

async function readChildren(store: Notes, family: string, left: { bytes: number }): Promise<Other[]> {
  const keys: string[] = []
  for await (const { key } of allNotes(store, FLOWS, notesOf(family))) keys.push(partsOfKey(key).key)
  return readOthers(store, family, keys, left)
}

async function readNote(store: Notes, { shelf, key }: NoteName): Promise<Buffer | null> {
  const [first] = await store.notes(shelf, { prefix: key }, 1)
  return first?.key === key ? first.value : null
}

function otherOf(
  key: string,
  note: Pick<FlowNote, 'id' | 'name' | 'stands'>,
  result: Buffer | null,
  left: { bytes: number },
): Other {
  const { id, name, stands } = note
  const state = TERMINAL_STATES.find((one) => one === stands) ?? null
  const { args, error } = result === null ? NOTHING_LEFT : readLeft(result)
  const fits = args !== null && args.length <= left.bytes
  if (fits) left.bytes -= args.length
  return { key, id, name, state, args: fits ? args : null, error }
}

const NOTHING = Buffer.alloc(0)
/** Nobody was to need it. */
const NOTHING_LEFT = { args: NOTHING, error: NOTHING }

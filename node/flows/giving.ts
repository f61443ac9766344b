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
  readFlowNote,
  readLeft,
  resultNote,
} from '../../src/store/flow-notes.js'
import { allNotes, type NoteName } from '../../src/store/notes.js'
import type { FlowStore } from './reading.js'

type Notes = Pick<FlowStore, 'notes'>

/** Bytes of args with results that are sent along with an attempt. */
const MOST_BYTES = 4 * 1024 * 1024
/** Of all others of a flow those that have not completed, and are named. */
const MOST_FAILURES = 100
const READ_AT_ONCE = 100

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

/** Of a job that has been retried by hand there may be none any more. */
async function readOthers(
  store: Notes,
  flow: string,
  keys: readonly string[],
  left: { bytes: number },
): Promise<Other[]> {
  const found: Other[] = []
  for (let at = 0; at < keys.length; at += READ_AT_ONCE) {
    const some = keys.slice(at, at + READ_AT_ONCE)
    const notes = await Promise.all(some.map((key) => readNote(store, flowNote(flow, key))))
    const results = await Promise.all(some.map((key) => readNote(store, resultNote(flow, key))))
    for (const [i, key] of some.entries()) {
      const note = notes[i] ?? null
      if (note !== null) found.push(otherOf(key, readFlowNote(note), results[i] ?? null, left))
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

async function readChildren(store: Notes, family: string, left: { bytes: number }): Promise<Other[]> {
  const keys: string[] = []
  for await (const { key } of allNotes(store, FLOWS, notesOf(family))) keys.push(partsOfKey(key).key)
  return readOthers(store, family, keys, left)
}

async function readNote(store: Notes, { shelf, key }: NoteName): Promise<Buffer | null> {
  const [first] = await store.notes(shelf, { prefix: key }, 1)
  return first?.key === key ? first.value : null
}

function otherOf(key: string, note: FlowNote, result: Buffer | null, left: { bytes: number }): Other {
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

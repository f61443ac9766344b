import { membershipOf } from '../../src/job/flow.js'
import { laneBlocked } from '../../src/job/lane.js'
import type { JobRecord, Place } from '../../src/job/record.js'
import { isTerminal } from '../../src/job/states.js'
import type { Need, Parent } from '../../src/job/terms/flow.js'
import type { Store } from '../../src/store/contract.js'
import { FLOWS, notesOf, partsOfKey, readFlowNote } from '../../src/store/flow-notes.js'
import { allNotes } from '../../src/store/notes.js'
import type { Cache, Flow, Part } from './flow.js'
import { Graph } from './graph.js'

export type FlowStore = Pick<Store, 'notes' | 'waiting' | 'load' | 'lanes'>

/** The key of a job in the flow of its children: none of these has it. */
export const PARENT = ''
const AT_ONCE = 1000
const BYTES = 4 * 1024 * 1024
const LOADS_AT_ONCE = 100
/** A job that waits for its children. */
const ALL: readonly Need[] = [{ key: null, onFail: 'run' }]

/** What the store has of a flow: how its jobs stand, and who waits for whom. */
export async function readFlow(store: FlowStore, flow: Flow, cache: Cache): Promise<void> {
  const blocked = new Map<string, JobRecord>()
  for await (const job of allBlocked(store, flow.name)) blocked.set(keyIn(flow, job), job)
  let failFast = false
  const parts: Part[] = []
  for await (const { key: path, value } of allNotes(store, FLOWS, notesOf(flow.name))) {
    const { key } = partsOfKey(path)
    const note = readFlowNote(value)
    failFast = note.failFast
    const part = newPart(key, note.id, note.name, note.stands, [])
    part.hasResult = note.result !== null
    part.isApart = note.result === 'apart'
    if (Buffer.isBuffer(note.result)) cache.keepResult(part, note.result)
    parts.push(part)
  }
  flow.graph = new Graph(failFast)
  for (const part of parts) {
    const record = blocked.get(part.key)
    if (record === undefined || part.stands !== 'open') {
      flow.graph.add(part)
      continue
    }
    blocked.delete(part.key)
    addBlocked(flow, record, cache)
  }
  // Without a note: a job that waits for its children, or damage.
  for (const record of blocked.values()) addBlocked(flow, record, cache)
}

/**
 * The records of those of these jobs that are not in memory, as they wait. One may have been moved since by somebody who wants its
 * outcome: it is looked for again when that is `written`.
 */
export async function readRecords(
  store: FlowStore,
  parts: readonly Part[],
  written: () => Promise<void>,
): Promise<Map<Part, JobRecord>> {
  const known = new Map<Part, JobRecord>()
  for (let missing = parts; missing.length > 0; ) {
    const wanted = missing.filter(({ record }) => record === null)
    for (let at = 0; at < wanted.length; at += LOADS_AT_ONCE) {
      const some = wanted.slice(at, at + LOADS_AT_ONCE)
      await Promise.all(some.map((part) => readRecord(store, part, known)))
    }
    missing = wanted.filter((part) => part.seq !== 0 && (known.get(part)?.seq ?? part.seq) !== part.seq)
    if (missing.length > 0) await written()
  }
  return known
}

async function readRecord(store: FlowStore, part: Part, known: Map<Part, JobRecord>): Promise<void> {
  const stored = await store.load(part.id)
  if (stored === null || isTerminal(stored.state) || stored.state === 'running') known.delete(part)
  else known.set(part, stored.job)
}

/** A job that has children has not ended. */
export async function isThere(store: FlowStore, { id, edition }: Parent): Promise<boolean> {
  const stored = await store.load(id)
  return stored !== null && !isTerminal(stored.state) && stored.job.edition === edition
}

export function newPart(
  key: string,
  id: string,
  name: string,
  stands: Part['stands'],
  needs: readonly Need[],
): Part {
  return {
    key,
    id,
    name,
    stands,
    needs,
    left: 0,
    seq: 0,
    running: false,
    record: null,
    hasResult: false,
    isApart: false,
    result: null,
  }
}

/** A job that waits for others of its flow; or a parent, for its children. */
export function addBlocked(flow: Flow, record: JobRecord, cache: Cache): Part {
  const key = keyIn(flow, record)
  const needs = key === PARENT ? ALL : (record.agreed.terms.needs ?? [])
  const part = newPart(key, record.id, record.name, 'blocked', needs)
  part.seq = record.seq
  cache.put(part, record)
  flow.graph.add(part)
  return part
}

function keyIn(flow: Flow, job: JobRecord): string {
  const of = membershipOf(job)
  return of?.flow === flow.name ? of.key : PARENT
}

async function* allBlocked(store: FlowStore, flow: string): AsyncGenerator<JobRecord> {
  for (let after: Place | null = null; ; ) {
    const page: JobRecord[] = await store.waiting(laneBlocked(flow), after, AT_ONCE, BYTES)
    yield* page
    after = page.at(-1) ?? null
    if (after === null) return
  }
}

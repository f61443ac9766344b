import { BEFORE_BLOCKED, flowOf } from '../../src/job/lane.js'
import { FLOWS, partsOfKey, readFlowNote } from '../../src/store/flow-notes.js'
import { allNotes } from '../../src/store/notes.js'
import type { NodeChange } from '../changes/journal.js'
import { goneNotes } from './composing.js'
import type { Flow } from './flow.js'
import type { FlowStore } from './reading.js'

const AT_ONCE = 500
const LANES_AT_ONCE = 1000

export interface Sweeping {
  readonly write: (change: NodeChange, durable: boolean) => void
  /** All that was written before is in the store. */
  readonly written: () => Promise<void>
}

/** All jobs of a flow have ended: its notes go, a few at a time, and last that which keeps another of its name out. */
export async function sweep(flow: Flow, { write, written }: Sweeping): Promise<void> {
  await written()
  const gone = goneNotes(flow)
  const notes = [...gone.ofJobs, ...gone.head]
  for (let at = 0; at < notes.length; at += AT_ONCE) {
    write({ kind: 'note', notes: notes.slice(at, at + AT_ONCE), done: null }, false)
    await written()
  }
}

interface Looking {
  readonly look: (flow: string) => void
  readonly idle: () => Promise<void>
}

/** What a lost node was about to do with flows: those that wait for something are looked at, and those that are over go. */
export async function unfinished(store: FlowStore, flows: Looking): Promise<void> {
  for (let after = BEFORE_BLOCKED; ; ) {
    const page = await store.lanes(after, LANES_AT_ONCE)
    for (const { lane } of page) flows.look(flowOf(lane))
    const last = page.at(-1)
    if (last === undefined) break
    after = last.lane
    await flows.idle()
  }
  let [flow, open] = ['', true]
  for await (const { key, value } of allNotes(store, FLOWS)) {
    const of = partsOfKey(key).flow
    if (of !== flow && !open) flows.look(flow)
    if (of !== flow) [flow, open] = [of, false]
    open ||= readFlowNote(value).stands === 'open'
  }
  if (!open) flows.look(flow)
}

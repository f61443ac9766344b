import { flowNamed, idOfFlow } from '../../src/job/flow.js'
import type { StoredJob } from '../../src/job/record.js'
import { countStates, isTerminal } from '../../src/job/states.js'
import { FLOWS, notesOf, partsOfKey, readFlowNote } from '../../src/store/flow-notes.js'
import { allNotes } from '../../src/store/notes.js'
import type { FlowFacts } from '../../src/verbs/flows.js'
import type { AnswerOf } from '../../src/verbs/table.js'
import type { Journal } from '../changes/journal.js'
import type { Reach } from '../changes/reach.js'
import type { FlowStore } from './reading.js'

const AT_ONCE = 100
/** Jobs that are looked at for one page of flows. */
const LOOKED_AT = 10_000

interface Seen {
  readonly key: string
  readonly id: string
  readonly name: string
  readonly stands: ReturnType<typeof readFlowNote>['stands']
}

export interface FlowViewDeps {
  readonly store: FlowStore
  readonly journal: Pick<Journal, 'flushed'>
  readonly reach: Pick<Reach, 'cancel' | 'cancelBlocked'>
}

/** Flows as a whole, for those who ask. */
export class FlowView {
  readonly #deps: FlowViewDeps

  constructor(deps: FlowViewDeps) {
    this.#deps = deps
  }

  /** The jobs of a flow, in the order of their keys; null: it has ended, or is not there. */
  async of(id: string): Promise<FlowFacts | null> {
    const { journal, store } = this.#deps
    await journal.flushed()
    const { seen, open } = await readOpen(id, store)
    return open.size === 0 ? null : factsOf(id, seen, open)
  }

  /** A page of flows that have not ended, without the children of jobs. A flow is whole on its page. */
  async page(limit: number, after?: string): Promise<AnswerOf<'flows'>> {
    const { journal, store } = this.#deps
    await journal.flushed()
    const flows: AnswerOf<'flows'>['flows'] = []
    let last = after === undefined ? null : flowNamed(after)
    for (let looked = 0; looked < LOOKED_AT; ) {
      // Behind all notes of the flow before: no other is between.
      const range = { prefix: flowNamed(''), after: last === null ? null : `${last}\u0001` }
      const [next] = await store.notes(FLOWS, range, 1)
      if (next === undefined) return { flows, next: null }
      last = partsOfKey(next.key).flow
      const id = idOfFlow(last)
      const { seen, open } = await readOpen(id, store)
      looked += seen.length
      if (open.size > 0) {
        const counts = countStates(factsOf(id, seen, open).jobs.map(({ state }) => state))
        flows.push({ id, counts })
      }
      if (flows.length === limit) break
    }
    return { flows, next: last === null ? null : idOfFlow(last) }
  }

  /** Ends all jobs of a flow that have not ended: first those that wait for others, so that none fails for the end of another. Answers how many. */
  async cancel(id: string): Promise<number> {
    const { journal, store, reach } = this.#deps
    await journal.flushed()
    const { seen, open } = await readOpen(id, store)
    const inOrder = lastFirst(factsOf(id, seen, open).jobs.filter(({ state }) => !isTerminal(state)))
    const isBlocked = (job: string) => open.get(job)?.state === 'blocked'
    const done = await Promise.all(
      inOrder.filter(isBlocked).map(async (job) => {
        const stored = open.get(job)
        return stored !== undefined && (await reach.cancelBlocked(stored.job)) ? job : null
      }),
    )
    const over = new Set(done)
    const left = inOrder.filter((job) => !over.has(job))
    let ended = inOrder.length - left.length
    for (let at = 0; at < left.length; at += AT_ONCE) {
      const answers = await Promise.all(left.slice(at, at + AT_ONCE).map((job) => reach.cancel(job)))
      ended += answers.filter((answer) => answer !== 'not-found').length
    }
    return ended
  }
}

/** The jobs of a flow by their notes, and those that have not ended by their ids. */
async function readOpen(
  id: string,
  store: FlowStore,
): Promise<{ readonly seen: readonly Seen[]; readonly open: ReadonlyMap<string, StoredJob> }> {
  const seen: Seen[] = []
  for await (const { key: path, value } of allNotes(store, FLOWS, notesOf(flowNamed(id))))
    seen.push({ key: partsOfKey(path).key, ...readFlowNote(value) })
  return { seen, open: await loaded(seen, store) }
}

function factsOf(id: string, seen: readonly Seen[], open: ReadonlyMap<string, StoredJob>): FlowFacts {
  const jobs = seen.map(({ key, id, name, stands }) => {
    const stored = open.get(id)
    // Its end is on its way to its note.
    const state = stands !== 'open' ? stands : (stored?.state ?? 'completed')
    const needs = stored?.job.agreed.terms.needs ?? []
    return { key, id, name, state, needs: needs.map((need) => need.key) }
  })
  return { id, jobs }
}

/** The ids of these jobs, each behind all that need it. */
export function lastFirst(jobs: FlowFacts['jobs']): string[] {
  const byKey = new Map(jobs.map((job) => [job.key, job]))
  const seen = new Set<string>()
  const order: string[] = []
  for (const job of jobs) {
    // Depth first, without a stack of calls: a flow may be a chain of thousands.
    const path = [{ job, at: 0 }]
    if (seen.has(job.key)) continue
    seen.add(job.key)
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const key = top.job.needs[top.at++]
      if (key === undefined) {
        order.push(top.job.id)
        path.pop()
        continue
      }
      const next = key === null ? undefined : byKey.get(key)
      if (next === undefined || seen.has(next.key)) continue
      seen.add(next.key)
      path.push({ job: next, at: 0 })
    }
  }
  // Those that need all others need no more than a place in front of them.
  const last = new Set(jobs.filter(({ needs }) => needs.includes(null)).map(({ id }) => id))
  const others = order.reverse().filter((id) => !last.has(id))
  return [...last, ...others]
}

async function loaded(seen: readonly Seen[], store: FlowStore): Promise<Map<string, StoredJob>> {
  const open = seen.filter(({ stands }) => stands === 'open')
  const found = new Map<string, StoredJob>()
  for (let at = 0; at < open.length; at += AT_ONCE) {
    const some = open.slice(at, at + AT_ONCE)
    const jobs = await Promise.all(some.map(({ id }) => store.load(id)))
    for (const [i, job] of jobs.entries()) if (job !== null) found.set(some[i]?.id ?? '', job)
  }
  return found
}

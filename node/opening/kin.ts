import { familyOf, flowNamed, membershipOf } from '../../src/job/flow.js'
import { homeKeyOf } from '../../src/job/home.js'
import { waitsForChildren } from '../../src/job/lane.js'
import type { JobRecord } from '../../src/job/record.js'
import type { Interrupted, Neighbours, Store } from '../../src/store/contract.js'
import { FLOWS, notesOf, readFlowNote } from '../../src/store/flow-notes.js'
import { allNotes } from '../../src/store/notes.js'

export interface KinDeps {
  readonly neighbours: Pick<Neighbours, 'find'>
  readonly store: Pick<Store, 'notes'>
  /** There are jobs that have children. */
  readonly families: boolean
}

/** Jobs that stay together, as a lost node has them: those of a flow, their children, and so on. */
export interface Kin {
  readonly interrupted: readonly Interrupted[]
  readonly waiting: readonly JobRecord[]
  /** The flows that they are of. */
  readonly flows: readonly string[]
}

/** Where the oldest of a kin is: the jobs of a flow are all as old. */
interface Root {
  /** The key by which its home is found: the same for all of a kin. */
  readonly key: string
  readonly flow: string | null
  readonly job: JobRecord | null
}

const AT_ONCE = 500

/** Whether there may be others that a job belongs to, or that it has made. */
export async function mayHaveKin(job: JobRecord, deps: KinDeps): Promise<boolean> {
  return membershipOf(job) !== null || waitsForChildren(job.lane) || (await isParent(job, deps))
}

/** A child names its parent, which may be a child, too, or of a flow. One that has ended is not there. */
export async function rootOf(job: JobRecord, lost: string, { neighbours }: KinDeps): Promise<Root> {
  for (let at = job; ; ) {
    const { flow, parent } = at.agreed.terms
    if (flow !== undefined) return { key: homeKeyOf(at) ?? '', flow: flowNamed(flow.id), job: null }
    if (parent === undefined) return { key: homeKeyOf(at) ?? at.id, flow: null, job: at }
    const found = await neighbours.find(lost, [parent.id])
    const above = found.waiting[0] ?? found.interrupted[0]?.job
    if (above?.edition !== parent.edition) {
      const family = familyOf(parent)
      return { key: family, flow: family, job: null }
    }
    at = above
  }
}

/** All of a kin that have not ended, from its root on. */
export async function kinOf({ flow, job }: Root, lost: string, deps: KinDeps): Promise<Kin> {
  const { neighbours, store } = deps
  const waiting: JobRecord[] = []
  const interrupted: Interrupted[] = []
  const flows: string[] = []
  const seen = new Set<string>()
  const look = async (ids: readonly string[]) => {
    const wanted = ids.filter((id) => !seen.has(id))
    for (const id of wanted) seen.add(id)
    if (wanted.length === 0) return
    const found = await neighbours.find(lost, wanted)
    waiting.push(...found.waiting)
    interrupted.push(...found.interrupted)
    const jobs = [...found.waiting, ...found.interrupted.map((one) => one.job)]
    const parents = await Promise.all(jobs.map((one) => isParent(one, deps)))
    flows.push(...jobs.filter((_, i) => parents[i]).map(familyOf))
  }
  if (flow !== null) flows.push(flow)
  if (job !== null) await look([job.id])
  // Those that are found add to the list.
  for (const name of flows) {
    let ids: string[] = []
    for await (const { value } of allNotes(store, FLOWS, notesOf(name))) {
      const note = readFlowNote(value)
      if (note.stands === 'open') ids.push(note.id)
      if (ids.length < AT_ONCE) continue
      await look(ids)
      ids = []
    }
    await look(ids)
  }
  return { interrupted, waiting, flows }
}

/** A job that has not begun has none, and what an attempt has made is not known in its record. */
async function isParent(job: JobRecord, { store, families }: KinDeps): Promise<boolean> {
  const { attempt, losses, waited } = job.course
  if (!families || (attempt === 0 && losses === 0 && !waited)) return false
  return (await store.notes(FLOWS, notesOf(familyOf(job)), 1)).length > 0
}

import { membershipOf } from '../../src/job/flow.js'
import type { JobRecord } from '../../src/job/record.js'
import { BUNDLE } from '../../src/rules.js'
import type { Left } from '../../src/store/contract.js'
import type { NodeChange, NodeEnd, NodeMove, NodeSingle } from '../changes/journal.js'
import { lateNotes } from '../flows/composing.js'
import { type Kin, type KinDeps, kinOf, mayHaveKin, rootOf } from './kin.js'

interface KinsDeps extends KinDeps {
  readonly journal: { flushed(): Promise<void> }
  readonly mayRun: (job: JobRecord) => boolean
  readonly adopt: (kin: Kin) => void
}

const MANY = 500

/** What belongs together, of what a lost node has left: this node takes all of it, or none. */
export class Kins {
  readonly #lost: string
  readonly #mine: (key: string) => boolean
  readonly #deps: KinsDeps
  /** Flows that are left to others. */
  readonly #others = new Set<string>()
  #left = false

  constructor(lost: string, mine: (key: string) => boolean, deps: KinsDeps) {
    this.#lost = lost
    this.#mine = mine
    this.#deps = deps
  }

  /** Something is left to others. */
  get left(): boolean {
    return this.#left
  }

  /** Takes what is this node's of a page; answers those that belong to no others. */
  async take(page: Left): Promise<Left> {
    const taken = new Set<string>()
    const isAlone = async (job: JobRecord) => {
      if (taken.has(job.id)) return false
      if (!(await mayHaveKin(job, this.#deps))) return true
      const kin = await this.#kinOf(job)
      if (kin === null) return false
      const ids = [...kin.waiting, ...kin.interrupted.map((one) => one.job)].map(({ id }) => id)
      // After its end it was retried by hand: it is of its flow no more.
      if (!ids.includes(job.id)) return true
      for (const id of ids) taken.add(id)
      this.#deps.adopt(kin)
      if (ids.length > MANY) await this.#deps.journal.flushed()
      return false
    }
    const interrupted: Left['interrupted'][number][] = []
    for (const one of page.interrupted) if (await isAlone(one.job)) interrupted.push(one)
    const waiting: JobRecord[] = []
    for (const job of page.waiting) if (await isAlone(job)) waiting.push(job)
    return { ...page, interrupted, waiting }
  }

  /** All that a job belongs to; null: it is left to others. */
  async #kinOf(job: JobRecord): Promise<Kin | null> {
    const flow = membershipOf(job)?.flow ?? ''
    if (this.#others.has(flow)) return null
    const root = await rootOf(job, this.#lost, this.#deps)
    const kin = this.#mine(root.key) ? await kinOf(root, this.#lost, this.#deps) : null
    const all = [...(kin?.waiting ?? []), ...(kin?.interrupted ?? []).map((one) => one.job)]
    if (kin !== null && all.every(this.#deps.mayRun)) return kin
    this.#left = true
    for (const name of kin?.flows ?? [flow]) this.#others.add(name)
    return null
  }
}

/**
 * As one change; as several only where there are more than a flow may have, of children. An end comes with the notes that say so, and
 * what follows from it is found when its flow is read.
 */
export function asOne(
  changes: readonly (NodeMove | NodeEnd)[],
  taken: (ok: boolean) => void,
): readonly NodeChange[] {
  const all: NodeChange[] = []
  for (let at = 0; at < changes.length; at += BUNDLE.jobs) {
    const [first, ...rest] = changes.slice(at, at + BUNDLE.jobs)
    if (first === undefined) break
    const told = { ...first, done: andThen(first.done, taken) }
    if (changes.length === 1) return [told]
    const some: NodeSingle[] = [told, ...rest]
    const notes = some.flatMap((change) => (change.kind === 'end' ? lateNotes(change) : []))
    const noted: NodeSingle[] = []
    for (let from = 0; from < notes.length; from += MANY)
      noted.push({ kind: 'note', notes: notes.slice(from, from + MANY), done: null })
    all.push({ kind: 'together', changes: [...noted, ...some] })
  }
  return all
}

function andThen(done: NodeMove['done'], next: (ok: boolean) => void): NodeMove['done'] {
  return (ok, answer) => {
    done?.(ok, answer)
    next(ok)
  }
}

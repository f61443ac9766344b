import { KEPT_AS, type KeptAs, keptAs, keptBy } from '../job/kept.js'
import type { EndedJob, JobRecord } from '../job/record.js'
import { othersTurn } from '../others-turn.js'
import type { NoteName } from './notes.js'

/** Jobs that are gone through before others have their turn. */
const AT_ONCE = 1000

export interface Entry {
  /** Counts up with new jobs, and stays with the job. */
  readonly place: number
  job: JobRecord
  /** 0 while it waits. */
  startedAt: number
  /** Null while it has not ended. */
  readonly ended: EndedJob | null
  /** That go with it when it is kept no longer. */
  readonly notes: readonly NoteName[]
}

interface Changing extends Entry {
  ended: EndedJob | null
  notes: readonly NoteName[]
}

const NO_NOTES: readonly NoteName[] = []

/** All jobs of a store in memory, by their ids: what waits, runs, or has ended and is kept. */
export class Entries {
  /** In the order of their places. */
  readonly #jobs = new Map<string, Changing>()
  readonly #forgotten: (notes: readonly NoteName[]) => void
  /** Those of them that have ended, in the order in which they did. */
  readonly #ended: Readonly<Record<KeptAs, Set<Entry>>> = {
    completed: new Set(),
    result: new Set(),
    failed: new Set(),
    cancelled: new Set(),
  }
  #places = 0

  /** `forgotten`: a job that had ended is kept no longer. */
  constructor(forgotten: (notes: readonly NoteName[]) => void) {
    this.#forgotten = forgotten
  }

  get(id: string): Entry | undefined {
    return this.#jobs.get(id)
  }

  /** A new job, in place of one of its id. */
  add(job: JobRecord): void {
    this.remove(job.id)
    this.#jobs.set(job.id, { place: ++this.#places, job, startedAt: 0, ended: null, notes: NO_NOTES })
  }

  remove(id: string): void {
    const entry = this.#jobs.get(id)
    if (entry === undefined) return
    this.#jobs.delete(id)
    if (entry.ended === null) return
    this.#ended[keptAs(entry.ended)].delete(entry)
    this.#forgotten(entry.notes)
  }

  /** It has ended, and is kept. */
  keep(id: string, ended: EndedJob, notes: readonly NoteName[]): void {
    const entry = this.#jobs.get(id)
    if (entry === undefined) return
    entry.ended = ended
    entry.notes = notes
    this.#ended[keptAs(ended)].add(entry)
  }

  /** The notes that go with one that is kept; null when none of this id is. */
  keptNotes(id: string): readonly NoteName[] | null {
    const entry = this.#jobs.get(id)
    return entry === undefined || entry.ended === null ? null : entry.notes
  }

  /** How many have not ended. */
  get live(): number {
    return KEPT_AS.reduce((left, as) => left - this.#ended[as].size, this.#jobs.size)
  }

  kept(as: KeptAs): number {
    return this.#ended[as].size
  }

  /** Behind this place, and as many as there are now: what comes while others have their turn might have no end. */
  async *after(place: number): AsyncGenerator<Entry> {
    const newest = this.#places
    let looked = 0
    for (const entry of this.#jobs.values()) {
      if (entry.place > newest) return
      if (entry.place > place) yield entry
      if (++looked % AT_ONCE === 0) await othersTurn()
    }
  }

  /** The oldest of those that are kept as this come first. */
  oldest(as: KeptAs): EndedJob[] {
    const ended = Array.from(this.#ended[as], (entry) => entry.ended as EndedJob)
    // Almost always they are in order.
    return ended.sort((a, b) => keptBy(a) - keptBy(b) || a.job.seq - b.job.seq)
  }
}

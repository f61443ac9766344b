import type { Lane } from '../../src/job/lane.js'
import type { LaneHead } from '../../src/store/contract.js'

/** The lanes that have waiting jobs, after one of them, each with its first place. */
export type ReadLanes = (after: Lane | null, limit: number) => Promise<readonly LaneHead[]>

const AT_ONCE = 1000

/** How far the lanes are known that the store had at the start. There may be very many: they are found in parts. */
export class Discovery {
  readonly #read: ReadLanes
  /** Null: all of them. */
  #knownTo: Lane | null = ''

  constructor(read: ReadLanes) {
    this.#read = read
  }

  /** All are known. */
  get isOver(): boolean {
    return this.#knownTo === null
  }

  /** The store had no jobs of this lane, or it is known of which. */
  isKnown(lane: Lane): boolean {
    return this.#knownTo === null || lane <= this.#knownTo
  }

  /** They are known when `found` has been told. */
  async next(found: (heads: readonly LaneHead[]) => void): Promise<void> {
    const heads = await this.#read(this.#knownTo === '' ? null : this.#knownTo, AT_ONCE)
    found(heads)
    this.#knownTo = heads.at(-1)?.lane ?? null
  }
}

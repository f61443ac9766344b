import { familyOf, type Lane, twinLane } from '../../src/job/lane.js'
import type { Held, WindowLimits } from './held.js'
import { LaneWindow } from './lane-window.js'
import { Family, Line } from './line.js'

/** What the window of a lane with a key holds at most: there may be very many of them, and some wait for long. */
const KEYED: WindowLimits = { jobs: 512, read: 256, bytes: 2 * 1024 * 1024 }

/** All lanes that have jobs, or had some a moment ago, by name; and their families. */
export class Lines {
  readonly #held: Held
  readonly #all = new Map<Lane, Line>()
  readonly #families = new Map<string, Family>()
  /** Of groups, by their name. */
  readonly #grouped = new Map<string, Set<Family>>()

  constructor(held: Held) {
    this.#held = held
  }

  get size(): number {
    return this.#all.size
  }

  get(lane: Lane): Line | undefined {
    return this.#all.get(lane)
  }

  values(): Iterable<Line> {
    return this.#all.values()
  }

  /** `stored`: see `LaneWindow`. */
  make(lane: Lane, stored: number | null): Line {
    const family = this.#familyOf(lane)
    const { limits } = this.#held
    const own = family.name === null || limits.jobs <= KEYED.jobs ? limits : KEYED
    const line = new Line(lane, new LaneWindow(lane, this.#held, stored, own), family)
    this.#all.set(lane, line)
    line.family.lines++
    line.twin = this.#all.get(twinLane(lane)) ?? null
    if (line.twin !== null) line.twin.twin = line
    return line
  }

  remove({ lane, twin, family }: Line): void {
    this.#all.delete(lane)
    if (twin !== null) twin.twin = null
    family.lines--
    this.tidy(family)
  }

  /** A family that has nothing is not kept. */
  tidy(family: Family): void {
    if (family.lines > 0 || family.stands !== 'idle') return
    this.#families.delete(family.key)
    const beside = this.#grouped.get(family.name ?? '')
    beside?.delete(family)
    if (beside?.size === 0) this.#grouped.delete(family.name ?? '')
  }

  /** The families of the groups of this name; with null of all names. */
  grouped(name: string | null): Iterable<Family> {
    if (name !== null) return this.#grouped.get(name) ?? []
    return [...this.#grouped.values()].flatMap((families) => [...families])
  }

  #familyOf(lane: Lane): Family {
    const key = familyOf(lane)
    const there = this.#families.get(key)
    if (there !== undefined) return there
    const made = new Family(key, lane)
    this.#families.set(key, made)
    const { name } = made
    if (made.grouped && name !== null)
      this.#grouped.set(name, (this.#grouped.get(name) ?? new Set()).add(made))
    return made
  }
}

import type { BucketsOf } from '../../src/verbs/counts.js'

/** The same for all nodes and versions: what is drawn from them is added up. */
const BOUNDS_MS = [
  5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 3_600_000,
] as const

/** How long something took since the node began: how often up to each bound. */
export class Buckets {
  readonly #counts = new Float64Array(BOUNDS_MS.length + 1)
  #sum = 0

  add(ms: number): void {
    let at = 0
    while (at < BOUNDS_MS.length && ms > (BOUNDS_MS[at] ?? 0)) at++
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    this.#sum += ms
  }

  /** All of these together. */
  static read(some: readonly Buckets[]): BucketsOf {
    const counts = Array.from({ length: BOUNDS_MS.length + 1 }, (_, at) =>
      some.reduce((all, one) => all + (one.#counts[at] ?? 0), 0),
    )
    return {
      bounds: [...BOUNDS_MS],
      counts,
      sum: some.reduce((all, one) => all + one.#sum, 0),
      count: counts.reduce((all, one) => all + one, 0),
    }
  }
}

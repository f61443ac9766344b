import type { InLast } from '../../src/verbs/counts.js'

/** Parts of the last minute, of the last hour, and of the last day. */
export const RINGS = [
  { parts: 60, ms: 1000 },
  { parts: 60, ms: 60_000 },
  { parts: 24, ms: 3_600_000 },
] as const
export type Which = 0 | 1 | 2

/** How often something has happened in the last minute, hour and day: to the part that is under way, which is not whole. */
export class Rate {
  readonly #counts = RINGS.map(({ parts }) => new Uint32Array(parts))
  /** The number of the part that is under way, in each ring. */
  readonly #parts = [0, 0, 0]

  /** `at`: epoch ms. What is earlier than what came before counts as that. */
  add(at: number): void {
    this.#count(0, at)
    this.#count(1, at)
    this.#count(2, at)
  }

  read(at: number): InLast {
    return { minute: this.#sum(0, at), hour: this.#sum(1, at), day: this.#sum(2, at) }
  }

  /** Of the last minute, hour or day: the oldest part first, the one that is under way last. */
  parts(which: Which, at: number): number[] {
    const ring = this.#ringAt(which, at)
    const next = ((this.#parts[which] ?? 0) + 1) % ring.length
    return [...ring.subarray(next), ...ring.subarray(0, next)]
  }

  #count(which: Which, at: number): void {
    const ring = this.#ringAt(which, at)
    const slot = (this.#parts[which] ?? 0) % ring.length
    ring[slot] = (ring[slot] ?? 0) + 1
  }

  #sum(which: Which, at: number): number {
    return this.#ringAt(which, at).reduce((sum, count) => sum + count, 0)
  }

  /** Parts that are over for as long as the ring is are empty. */
  #ringAt(which: Which, at: number): Uint32Array {
    const ring = this.#counts[which] as Uint32Array
    const before = this.#parts[which] ?? 0
    const now = Math.floor(at / RINGS[which].ms)
    if (now <= before) return ring
    if (now - before >= ring.length) ring.fill(0)
    else for (let part = before + 1; part <= now; part++) ring[part % ring.length] = 0
    this.#parts[which] = now
    return ring
  }
}

import type { TimesOf } from '../../src/verbs/counts.js'

/** Buckets of an octave: what is read from them is too long by 19 % at most. */
const OF_OCTAVE = 4
/** Up to 2^30 ms, which is twelve days. */
const BUCKETS = 30 * OF_OCTAVE + 1
/** The last one to two of these spans are known. */
const SPAN_MS = 1_800_000

/** How long something took, of late: in buckets, each longer than the one before by the same factor. */
export class Times {
  #now = new Uint32Array(BUCKETS)
  #before = new Uint32Array(BUCKETS)
  #span = 0

  /** `at`: epoch ms. */
  add(ms: number, at: number): void {
    this.#turn(at)
    const bucket = bucketOf(ms)
    this.#now[bucket] = (this.#now[bucket] ?? 0) + 1
  }

  /** Adds what is known to what others know. */
  addTo(sums: number[], at: number): void {
    this.#turn(at)
    for (let i = 0; i < BUCKETS; i++) sums[i] = (sums[i] ?? 0) + (this.#now[i] ?? 0) + (this.#before[i] ?? 0)
  }

  #turn(at: number): void {
    const span = Math.floor(at / SPAN_MS)
    if (span <= this.#span) return
    const oldest = this.#before.fill(0)
    this.#before = span === this.#span + 1 ? this.#now : oldest
    this.#now = span === this.#span + 1 ? oldest : this.#now.fill(0)
    this.#span = span
  }
}

/** In how long so many of a hundred were done, of all of these; null: there was none. */
export function timesOf(all: readonly Times[], at: number): TimesOf | null {
  const sums: number[] = []
  for (const one of all) one.addTo(sums, at)
  const count = sums.reduce((sum, each) => sum + each, 0)
  if (count === 0) return null
  const within = (share: number) => {
    let [bucket, seen] = [0, sums[0] ?? 0]
    while (seen < count * share) seen += sums[++bucket] ?? 0
    return lengthOf(bucket)
  }
  return { p50: within(0.5), p95: within(0.95), p99: within(0.99) }
}

function bucketOf(ms: number): number {
  if (ms <= 1) return 0
  return Math.min(BUCKETS - 1, Math.ceil(Math.log2(ms) * OF_OCTAVE))
}

/** The longest of a bucket. */
function lengthOf(bucket: number): number {
  return Math.round(2 ** (bucket / OF_OCTAVE))
}

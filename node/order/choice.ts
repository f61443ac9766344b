import type { Now } from '../../src/clock.js'
import type { Aside } from './aside.js'
import type { Gates } from './gates.js'
import type { Family, Line } from './line.js'
import type { Lines } from './lines.js'
import type { Standing } from './standing.js'

const NEVER = Number.POSITIVE_INFINITY

export interface ChoiceParts {
  readonly standing: Standing
  readonly lines: Lines
  readonly gates: Gates
  readonly aside: Aside
  readonly readOn: (line: Line, now: Now) => void
}

/** Looks for the job that is next. What it comes upon on the way and has nothing to give, it puts where it belongs. */
export class Choice {
  readonly #standing: Standing
  readonly #lines: Lines
  readonly #gates: Gates
  readonly #aside: Aside
  readonly #readOn: ChoiceParts['readOn']

  constructor({ standing, lines, gates, aside, readOn }: ChoiceParts) {
    this.#standing = standing
    this.#lines = lines
    this.#gates = gates
    this.#aside = aside
    this.#readOn = readOn
  }

  /** The line that gives the next job; null when none has one, or one has to be read first. */
  next(deferred: boolean, now: Now): Line | null {
    this.#standing.wake(now)
    const queue = this.#standing.queues[deferred ? 1 : 0]
    for (let family = queue.first(); family !== null; family = queue.first()) {
      const closed = family.name === null ? null : this.#gates.ofName(family.name, now)
      if (closed !== null) {
        this.#standing.closeFamily(family, closed)
        continue
      }
      const line = this.#lineOf(family, now)
      const job = line?.first(now) ?? null
      if (line === null || job === null) {
        if (family.ring.size === 0) {
          queue.leave(family, 'idle')
          this.#lines.tidy(family)
        } else if (queue.isNext(family, dueInStore(family))) return null
      } else if (queue.isNext(family, job.due, job.seq)) {
        if (family.name !== null || !this.#gates.any || this.#gates.ofName(job.name, now) === null)
          return line
        if (!this.#aside.isFull(family, queue)) this.#setAside(line, now)
      }
    }
    return null
  }

  /** The line of a family that gives its next job; null when none has one, or it has to be read first. */
  #lineOf(family: Family, now: Now): Line | null {
    const { ring } = family
    for (let line = ring.first(); line !== null; ) {
      const behind = ring.after(line)
      const closed = line.group === null ? null : this.#gates.ofGroup(family.name ?? '', line.group, now)
      if (closed !== null) this.#standing.closeLine(line, closed)
      else if (line.ready(now)) return line.earlier(now, this.#readOn)
      else if (line.lacks(now)) {
        this.#readOn(line, now)
        // It is its turn. Those behind it are being read as well.
        if (line.window.isReading) return null
      } else this.#standing.rest(line, now)
      line = behind
    }
    return null
  }

  #setAside(line: Line, now: Now): void {
    const job = line.take(now)
    if (job !== null) this.#aside.put(job)
  }
}

/** When the job of a family may be due that has to be read first. */
function dueInStore({ ring, grouped }: Family): number {
  const line = ring.first()
  const beside = grouped ? line?.twin : line?.next
  return Math.min(line?.window.dueBeyond ?? NEVER, beside?.window.dueBeyond ?? NEVER)
}

import type { Now } from '../../src/clock.js'
import type { Owner } from '../../src/job/lane.js'
import type { Closed } from './gate.js'
import type { Family, Line } from './line.js'
import type { Lines } from './lines.js'
import { Queue } from './queue.js'
import { FRONT } from './room.js'
import { Sleepers } from './sleepers.js'

const NEVER = Number.POSITIVE_INFINITY

/** Those of one name that wait at a gate. */
interface Closing {
  readonly families: Set<Family>
  readonly lines: Map<string, Set<Line>>
}

/**
 * Where lines stand: in the order, when they have something to take, or may have; asleep, until the first job is due; at the
 * gate of their group; or nowhere. And where families do: a whole family waits at the gate of its name.
 */
export class Standing {
  /** Of evented jobs, and of deferred ones. */
  readonly queues = [new Queue(), new Queue()] as const
  readonly sleepers = new Sleepers<Line>()
  /** How far the wall clock is ahead of the steady one. */
  ahead = 0
  readonly #lines: Lines
  readonly #arm: () => void
  readonly #closed = new Map<string, Closing>()
  /** Those at a gate that opens at a time. */
  readonly #opening = new Sleepers<Family | Line>()

  /** `arm`: `earliest` may be earlier than before. */
  constructor(lines: Lines, arm: () => void) {
    this.#lines = lines
    this.#arm = arm
  }

  queueOf({ deferred }: { readonly deferred: boolean }): Queue {
    return this.queues[deferred ? 1 : 0]
  }

  /** Into the order. Nothing happens when it stands there, or its family waits at a gate. */
  enter(line: Line): void {
    const { family } = line
    family.ring.enter(line)
    const queue = this.queueOf(family)
    if (family.stands === 'idle') queue.enter(family)
    else queue.advance(family)
  }

  /** Where it belongs by what is due: in the order, or asleep. */
  sort(line: Line, now: Now): void {
    if (line.timed && line.window.wait(now) > 0) this.rest(line, now)
    else this.enter(line)
  }

  /** The same of one that may stand somewhere, where more is known of it now. */
  sortAnew(line: Line, now: Now): void {
    if (line.next !== null || line.closed) return
    this.sleepers.take(line)
    this.sort(line, now)
  }

  /** It has nothing to take for now. */
  rest(line: Line, now: Now): void {
    this.#leave(line)
    if (line.timed && !line.window.isEmpty) this.sleep(line, now.steady + line.window.wait(now))
    // One that is used again and again need not be made again and again.
    else if (line.window.isEmpty && this.#lines.size > FRONT) this.#lines.remove(line)
  }

  /** Not longer than to this time of the steady clock. */
  sleep(line: Line, at: number): void {
    this.sleepers.put(line, at)
    this.#arm()
  }

  /** Where the wall clock was set, what waits by it is due at another time of the steady one. */
  follow(now: Now): void {
    const ahead = now.wall - now.steady
    if (ahead === this.ahead) return
    this.ahead = ahead
    for (const line of this.#lines.values()) {
      if (line.closed || line.wakesAt === NEVER) continue
      this.sleepers.take(line)
      this.sleep(line, now.steady + line.window.wait(now))
    }
  }

  closeFamily(family: Family, { until }: Closed): void {
    this.queueOf(family).leave(family, 'closed')
    this.#closing(family.name ?? '').families.add(family)
    this.#opensAt(family, until)
  }

  closeLine(line: Line, { until }: Closed): void {
    this.#leave(line)
    line.closed = true
    const { lines } = this.#closing(line.family.name ?? '')
    const group = line.group ?? ''
    lines.set(group, (lines.get(group) ?? new Set()).add(line))
    this.#opensAt(line, until)
  }

  /** Those at this gate are looked at again. */
  opened({ name, group }: Owner): void {
    const closing = this.#closed.get(name)
    if (closing === undefined) return
    if (group === null) for (const family of closing.families) this.#openFamily(family)
    else for (const line of closing.lines.get(group) ?? []) this.#openLine(line)
  }

  /** All at the gates of this name, and of its groups, are; with null of all names. */
  reopen(name: string | null): void {
    for (const [one, { families, lines }] of this.#closed) {
      if (name !== null && name !== one) continue
      for (const family of families) this.#openFamily(family)
      for (const those of lines.values()) for (const line of those) this.#openLine(line)
    }
  }

  /** When somebody wakes, or a gate opens; Infinity: never, as far as is known. */
  earliest(): number {
    return Math.min(this.sleepers.earliest(), this.#opening.earliest())
  }

  /** Those whose time has come stand in the order. Whether there was one. */
  wake({ steady }: Now): boolean {
    if (this.earliest() > steady) return false
    for (let line = this.sleepers.wake(steady); line !== null; line = this.sleepers.wake(steady))
      this.enter(line)
    for (let one = this.#opening.wake(steady); one !== null; one = this.#opening.wake(steady)) {
      if ('ring' in one) this.#openFamily(one)
      else this.#openLine(one)
    }
    return true
  }

  #leave(line: Line): void {
    line.family.ring.leave(line)
    line.given = 0
  }

  #opensAt(one: Family | Line, until: number): void {
    if (until === NEVER) return
    this.#opening.put(one, until)
    this.#arm()
  }

  #openFamily(family: Family): void {
    this.#opening.take(family)
    this.#closedOf(family)?.families.delete(family)
    this.#tidy(family.name ?? '')
    family.stands = 'idle'
    if (family.ring.size > 0) this.queueOf(family).enter(family)
  }

  #openLine(line: Line): void {
    this.#opening.take(line)
    const lines = this.#closedOf(line.family)?.lines
    const those = lines?.get(line.group ?? '')
    those?.delete(line)
    if (those?.size === 0) lines?.delete(line.group ?? '')
    this.#tidy(line.family.name ?? '')
    line.closed = false
    this.enter(line)
  }

  #closedOf({ name }: Family): Closing | undefined {
    return this.#closed.get(name ?? '')
  }

  #closing(name: string): Closing {
    const there = this.#closed.get(name)
    if (there !== undefined) return there
    const made = { families: new Set<Family>(), lines: new Map<string, Set<Line>>() }
    this.#closed.set(name, made)
    return made
  }

  #tidy(name: string): void {
    const closing = this.#closed.get(name)
    if (closing !== undefined && closing.families.size + closing.lines.size === 0) this.#closed.delete(name)
  }
}

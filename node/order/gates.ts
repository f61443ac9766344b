import { type Clock, type Now, nowOf } from '../../src/clock.js'
import { keyOf, type Owner } from '../../src/job/lane.js'
import type { Limits, Rate } from '../../src/job/limits.js'
import type { JobRecord } from '../../src/job/record.js'
import type { Wait } from '../../src/job/waits.js'
import {
  areCounted,
  type Closed,
  type Count,
  closedAll,
  closedBy,
  type Gate,
  holdsForAll,
  paused,
  UNTIL_TOLD,
} from './gate.js'
import { type KeepNotes, KeptRates, type ReadNotes } from './kept-rates.js'
import { RateWindow } from './rate-window.js'
import type { Rules } from './rules.js'

export interface GatesOptions {
  readonly rules: Rules
  readonly clock: Pick<Clock, 'now' | 'steady'>
  /** Whether anything here can run jobs of this name. */
  readonly knows: (name: string) => boolean
  /** Attempts that run. */
  readonly running: () => Iterable<JobRecord>
  readonly read: ReadNotes
  readonly keep: KeepNotes
  /** Jobs of a name, or of a group of it, may begin that might not before. */
  readonly onOpen: (owner: Owner) => void
  /** Jobs of a group of this name may not begin for now that might before. */
  readonly onClose: (name: string) => void
}

const NO_LIMITS: Limits = {}

/**
 * Which jobs may not begin for now, whatever room there is: of names and groups that are paused or have a limit, and of names
 * that nobody knows. Of other names nothing is counted.
 */
export class Gates {
  readonly #options: GatesOptions
  readonly #rates: KeptRates
  readonly #gates = new Map<string, Gate>()
  #started = false

  constructor(options: GatesOptions) {
    this.#options = options
    this.#rates = new KeptRates(options.keep, (owner) => this.#forget(owner))
  }

  /** What earlier lives of the node have begun. Before anything begins in this one. */
  async start(): Promise<void> {
    await this.#rates.read(this.#options.read, nowOf(this.#options.clock))
    this.#started = true
    this.changed(null)
  }

  /** Something holds for some name. */
  get any(): boolean {
    return this.#gates.size > 0
  }

  /** The key of the lane in which such a job is to wait. */
  keyFor(name: string, group: string | undefined): string {
    if (group !== undefined) return keyOf({ name, group })
    const gate = this.#gates.get(name)
    return gate !== undefined && holdsForAll(gate) ? gate.key : ''
  }

  /** Null: jobs may begin, as far as it matters what name they have. If they have to ask for it, they have asked then. */
  ofName(name: string, now: Now): Closed | null {
    const gate = this.#gates.get(name)
    return gate === undefined ? null : this.#asked(gate, closedAll(gate, now), now)
  }

  /** The same of a group of a name. */
  ofGroup(name: string, group: string, now: Now): Closed | null {
    const count = this.#countOf(name, group)
    return this.#asked(count, this.#closedGroup(name, group, count, now), now)
  }

  /** What a job that is due waits for here; null: nothing. */
  why(name: string, group: string | undefined): Wait | null {
    const now = nowOf(this.#options.clock)
    const gate = this.#gates.get(name)
    const closed = gate === undefined ? null : closedAll(gate, now)
    if (closed !== null || group === undefined) return closed?.wait ?? null
    return this.#closedGroup(name, group, gate?.groups.get(group), now)?.wait ?? null
  }

  /** An attempt begins. */
  begin({ name, agreed }: JobRecord): void {
    const gate = this.#gates.get(name)
    if (gate === undefined) return
    const { group } = agreed.terms
    const now = this.#options.clock.steady()
    for (const count of [gate, group === undefined ? undefined : this.#countOf(name, group)]) {
      if (count === undefined) continue
      count.running++
      count.rate?.begin(now)
    }
    if (group !== undefined && areCounted(gate)) this.#options.onClose(name)
  }

  /** It is over. */
  end({ name, agreed }: JobRecord): void {
    const gate = this.#gates.get(name)
    if (gate === undefined) return
    const { group } = agreed.terms
    const { concurrency, groupConcurrency } = gate.limits
    gate.running--
    if (concurrency !== undefined) this.#options.onOpen(gate.owner)
    const count = group === undefined ? undefined : gate.groups.get(group)
    if (count === undefined) return
    count.running--
    if (groupConcurrency !== undefined) this.#options.onOpen(count.owner)
    this.#forget(count.owner)
  }

  /** A job was to run, and nothing here knows its name: all of that name wait until something does. */
  unknown(name: string): void {
    this.#gateOf(name).unknown = true
  }

  /** What holds for this name, or with null for any of them, may be another than before. */
  changed(name: string | null): void {
    if (!this.#started) return
    const names = name === null ? [...this.#options.rules.names(), ...this.#gates.keys()] : [name]
    for (const one of new Set(names)) this.#look(one)
  }

  #look(name: string): void {
    const { rules, knows } = this.#options
    const limits = rules.limitsOf(name) ?? NO_LIMITS
    const pausedSince = rules.pausedSince(name, null)
    const unknown = this.#gates.get(name)?.unknown === true && !knows(name)
    if (Object.keys(limits).length === 0 && pausedSince === null && !unknown) {
      this.#gates.delete(name)
      return
    }
    const gate = this.#gateOf(name)
    gate.unknown = unknown
    gate.pausedSince = pausedSince
    const counted = areCounted(gate)
    gate.limits = limits
    this.#setRate(gate, limits.rate)
    if (!areCounted(gate)) gate.groups.clear()
    else if (counted) for (const count of gate.groups.values()) this.#setRate(count, limits.groupRate)
    else for (const group of this.#groupsThatRun(name)) this.#countOfGate(gate, group).running++
  }

  #gateOf(name: string): Gate {
    const there = this.#gates.get(name)
    if (there !== undefined) return there
    const owner = { name, group: null }
    let running = 0
    for (const job of this.#options.running()) if (job.name === name) running++
    const gate: Gate = {
      owner,
      key: keyOf(owner),
      running,
      rate: null,
      limits: NO_LIMITS,
      pausedSince: null,
      unknown: false,
      groups: new Map(),
    }
    this.#gates.set(name, gate)
    return gate
  }

  #groupsThatRun(name: string): string[] {
    return Array.from(this.#options.running()).flatMap((job) => {
      const { group } = job.agreed.terms
      return job.name === name && group !== undefined ? [group] : []
    })
  }

  /** Undefined: nothing of it is to be counted. */
  #countOf(name: string, group: string): Count | undefined {
    const gate = this.#gates.get(name)
    return gate === undefined || !areCounted(gate) ? undefined : this.#countOfGate(gate, group)
  }

  #countOfGate({ owner: { name }, limits, groups }: Gate, group: string): Count {
    const there = groups.get(group)
    if (there !== undefined) return there
    const count: Count = { owner: { name, group }, running: 0, rate: null }
    this.#setRate(count, limits.groupRate)
    groups.set(group, count)
    return count
  }

  #setRate(count: Count, rate: Rate | undefined): void {
    if (rate === undefined) count.rate = null
    else if (count.rate === null) count.rate = new RateWindow(rate, this.#rates.take(count.owner))
    else if (count.rate.rate.limit !== rate.limit || count.rate.rate.perMs !== rate.perMs)
      count.rate.change(rate)
  }

  /** Where nothing is to be counted of it for now, nothing is kept of it. */
  #forget({ name, group }: Owner): void {
    const groups = this.#gates.get(name)?.groups
    const count = group === null ? undefined : groups?.get(group)
    if (count === undefined || count.running > 0) return
    if (count.rate?.isIdle(this.#options.clock.steady()) !== false) groups?.delete(count.owner.group ?? '')
  }

  #closedGroup(name: string, group: string, count: Count | undefined, now: Now): Closed | null {
    const since = this.#options.rules.pausedSince(name, group)
    if (since !== null) return paused(group, since)
    return count === undefined ? null : closedBy(count, this.#gates.get(name)?.limits.groupConcurrency, now)
  }

  /** Where some may begin as soon as that is kept, it is kept. */
  #asked(count: Count | undefined, closed: Closed | null, now: Now): Closed | null {
    const rate = count?.rate ?? null
    if (count === undefined || closed === null || rate === null || closed.until > now.steady) return closed
    const { clock, onOpen } = this.#options
    const { owner } = count
    this.#rates.put(owner, rate.rate.perMs, rate.ask(now.steady), now, () => {
      rate.granted(clock.steady())
      onOpen(owner)
    })
    return { ...closed, until: UNTIL_TOLD }
  }
}

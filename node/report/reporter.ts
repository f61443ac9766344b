import type { Clock, Timer } from '../../src/clock.js'
import type { Outcome } from '../../src/job/record.js'
import type { Delivery } from './delivery.js'

/** A life of a distributor that has outcomes in the store and no connection. */
interface Orphan {
  readonly distributor: string
  /** Null once it has been given up: another life of the same distributor may have its outcomes. */
  timer: Timer | null
}

/**
 * Sends outcomes where they belong: to the life of the distributor that sent the job; when that has not come back
 * within the grace, to whichever life of the same name is connected; and until then nowhere: the store keeps them.
 */
export class Reporter {
  readonly #clock: Clock
  readonly #graceMs: number
  readonly #byInstance = new Map<string, Delivery>()
  readonly #byName = new Map<string, Set<Delivery>>()
  readonly #orphans = new Map<string, Orphan>()

  constructor(clock: Clock, graceMs: number) {
    this.#clock = clock
    this.#graceMs = graceMs
  }

  attach(distributor: string, instance: string, delivery: Delivery): void {
    this.#found(instance)
    this.#byInstance.set(instance, delivery)
    const sameName = this.#byName.get(distributor) ?? new Set()
    this.#byName.set(distributor, sameName.add(delivery))
    delivery.carry(instance)
    for (const [orphan, { distributor: name, timer }] of this.#orphans) {
      if (name === distributor && timer === null) this.#adopt(orphan, delivery)
    }
  }

  /** `forGood`: the distributor said that this life of it is over. */
  detach(distributor: string, instance: string, delivery: Delivery, forGood: boolean): void {
    delivery.close()
    const sameName = this.#byName.get(distributor)
    sameName?.delete(delivery)
    if (sameName?.size === 0) this.#byName.delete(distributor)
    for (const [carried, by] of this.#byInstance) {
      if (by !== delivery) continue
      this.#byInstance.delete(carried)
      // What it carried for lives before its own is nobody's again.
      if (carried !== instance) this.#giveUp(distributor, carried)
    }
    if (forGood) this.#giveUp(distributor, instance)
    else this.missing(distributor, instance)
  }

  /** An outcome that has just been committed. */
  publish(outcome: Outcome, stored: boolean): void {
    const delivery = this.#byInstance.get(outcome.instance)
    if (delivery !== undefined) delivery.offer(outcome, stored)
    else if (stored) this.missing(outcome.distributor, outcome.instance)
  }

  /** Outcomes of this life wait in the store and it is not connected: the grace begins. */
  missing(distributor: string, instance: string): void {
    if (this.#byInstance.has(instance) || this.#orphans.has(instance)) return
    const timer = this.#clock.setTimer(this.#graceMs, () => this.#giveUp(distributor, instance))
    timer.unref()
    this.#orphans.set(instance, { distributor, timer })
  }

  stop(): void {
    for (const { timer } of this.#orphans.values()) timer?.cancel()
    this.#orphans.clear()
  }

  #giveUp(distributor: string, instance: string): void {
    this.#found(instance)
    this.#orphans.set(instance, { distributor, timer: null })
    const [heir] = this.#byName.get(distributor) ?? []
    if (heir !== undefined) this.#adopt(instance, heir)
  }

  #adopt(instance: string, heir: Delivery): void {
    this.#found(instance)
    this.#byInstance.set(instance, heir)
    heir.carry(instance)
  }

  #found(instance: string): void {
    this.#orphans.get(instance)?.timer?.cancel()
    this.#orphans.delete(instance)
  }
}

import type { Logger } from '../../src/logger.js'
import { messageOf } from '../../src/thrown.js'
import { type Ask, request } from '../monitor/request.js'
import { isAway } from '../nodes/asking.js'
import type { Wanted } from './schedule.js'

/** Schedules of which a node that comes is asked at once. */
const TOGETHER = 500

/** A schedule, and where it is: on which node, in which store. */
interface Made {
  readonly wanted: Wanted
  readonly home: string
  readonly store: string
}

export interface MadeDeps {
  readonly ask: Ask
  readonly log: Logger
  /** The store that a connected node has. */
  readonly storeOf: (node: string) => string
  /** It is to be made again, and wherever else it is forgotten. Says itself why it is not. */
  readonly again: (wanted: Wanted) => void
}

/** The schedules that this life of the app has made. A node that comes may have what it should not, or not what it should. */
export class MadeSchedules {
  readonly #deps: MadeDeps
  readonly #byId = new Map<string, Made>()

  constructor(deps: MadeDeps) {
    this.#deps = deps
  }

  add(wanted: Wanted, home: string): void {
    this.#byId.set(wanted.id, { wanted, home, store: this.#deps.storeOf(home) })
  }

  remove(id: string): void {
    this.#byId.delete(id)
  }

  connected(node: string): void {
    if (this.#byId.size === 0) return
    this.#look(node).catch((error) => {
      // When it is lost, it is looked at when it comes again.
      if (!isAway(error)) this.#deps.log.warn('schedules:unknown', { node, error: messageOf(error) })
    })
  }

  async #look(node: string): Promise<void> {
    const all = [...this.#byId.values()]
    for (let at = 0; at < all.length; at += TOGETHER)
      await Promise.all(all.slice(at, at + TOGETHER).map((made) => this.#lookAt(node, made)))
  }

  async #lookAt(node: string, made: Made): Promise<void> {
    const { ask, storeOf, again } = this.#deps
    const { id } = made.wanted
    const home = (await request(ask, node, 'schedule-home', { id }))?.home ?? null
    // It went to another while this one was away; or the store that had it is no more.
    const isElsewhere = home === node && made.home !== node
    const isGone = home === null && made.home === node && made.store !== storeOf(node)
    if ((isElsewhere || isGone) && this.#byId.get(id) === made) again(made.wanted)
  }
}

import type { Clock } from '../../src/clock.js'
import { JrError } from '../../src/errors.js'
import { homeOf } from '../../src/job/home.js'
import type { Logger } from '../../src/logger.js'
import { messageOf } from '../../src/thrown.js'
import type { AnswerOf } from '../../src/verbs/table.js'
import { type Ask, request } from '../monitor/request.js'
import { isAway } from '../nodes/asking.js'
import { HeldWatch } from '../sending/held-watch.js'
import { mayTake, type Wish, whyNever } from '../sending/node-choice.js'
import { neverTaken, type Receiver } from '../sending/placement.js'
import { whyHeld } from '../sending/why-waits.js'
import type { Feedbacks } from '../told/feedbacks.js'
import { Changes } from './changes.js'
import { listOf } from './list.js'
import { MadeSchedules } from './made.js'
import type { Schedule, Scheduled, Wanted } from './schedule.js'

/** A node, with its connection: its store is that of its peer. */
type Line = Receiver & { readonly link: { readonly peer: { readonly instance: string } } | null }

export interface SchedulesDeps {
  /** The name of the app. */
  readonly app: string
  readonly clock: Clock
  readonly log: Logger
  readonly feedbacks: Pick<Feedbacks, 'schedule' | 'isNamed'>
  /** The nodes that have ever connected, and how nodes and this app find each other. */
  readonly nodes: () => readonly Line[]
  readonly where: () => string
  readonly ask: Ask
}

/** At the start of an app, or of a node, the one that can run it may be a moment behind. */
const GRACE_MS = 2000

/** Before it is looked again who has a schedule that others make, too. */
const SOON_MS = 100

/** The node that is to have a schedule, and those that have it beside that one. */
interface Place {
  readonly home: string
  /** It has the schedule. */
  readonly isThere: boolean
  readonly others: readonly string[]
}

type Act = 'unschedule' | 'pause-schedule' | 'resume-schedule' | 'run-schedule'

/** The schedules of an app. Each has one home, the node that keeps it; a call waits for that. */
export class Schedules {
  readonly #deps: SchedulesDeps
  readonly #made: MadeSchedules
  readonly #changes: Changes
  readonly #watch: HeldWatch
  /** Why the call that waits since the shortest does. */
  #why = ''

  constructor(deps: SchedulesDeps) {
    this.#deps = deps
    this.#changes = new Changes(deps.clock)
    this.#made = new MadeSchedules({
      ...deps,
      storeOf: (node) => this.#there.find(({ name }) => name === node)?.link?.peer.instance ?? '',
      again: (wanted) => void this.put(wanted, Number.POSITIVE_INFINITY).catch(() => {}),
    })
    this.#watch = new HeldWatch(
      deps.clock,
      () => this.#changes.size,
      (calls) => deps.log.warn('schedules:held', { calls, why: this.#why }),
    )
  }

  /** A node has come, or can do something else. */
  changed(): void {
    this.#changes.come()
  }

  connected(node: string): void {
    this.#made.connected(node)
  }

  stop(): void {
    this.#watch.stop()
    this.#changes.stop()
  }

  async put(wanted: Wanted, waitMs: number): Promise<Scheduled> {
    try {
      return await this.#put(wanted, waitMs)
    } catch (error) {
      const code = error instanceof JrError ? error.code : ''
      // Whoever has called may not wait for it.
      if (code !== 'JR_STOPPED')
        this.#deps.log.warn('schedule:refused', { schedule: wanted.id, code, error: messageOf(error) })
      throw error
    }
  }

  async #put(wanted: Wanted, waitMs: number): Promise<Scheduled> {
    const { id, definition, onSuccess, onError } = wanted
    const { clock, ask, feedbacks } = this.#deps
    feedbacks.schedule(id, { success: onSuccess, error: onError })
    const isWanted = onSuccess !== null || onError !== null || feedbacks.isNamed(definition.name)
    const until = clock.mono() + waitMs
    const judged = clock.mono() + GRACE_MS
    for (;;) {
      const place = await this.#placeFor(wanted)
      if (place !== null) {
        const { home, isThere, others } = place
        const leave = () => Promise.all(others.map((name) => request(ask, name, 'unschedule', { id })))
        try {
          if (!isThere) await leave()
          const made = await request(ask, home, 'schedule', { id, definition, wanted: isWanted })
          this.#made.add(wanted, home)
          if (isThere) await leave()
          return { id, node: home, made }
        } catch (error) {
          if (!isAway(error)) throw error
          // It is there: another app, or another node, has been faster.
          const soon = Math.min(until, clock.mono() + SOON_MS)
          if (this.#isThere(home)) await this.#wait(`schedule '${id}'`, soon, until)
          continue
        }
      } else if (clock.mono() >= judged) {
        const wish = wishOf(wanted)
        if (whyNever(wish, this.#deps.nodes()) !== null) throw neverTaken(wish, this.#deps.nodes())
      }
      // Whoever waits for a node is told of one that comes; one that will never do is refused after the grace.
      const most = clock.mono() < judged ? Math.min(until, judged) : until
      await this.#wait(`schedule '${id}'`, most, until)
    }
  }

  /** Null: no node has it. */
  async act(verb: Act, id: string, waitMs: number): Promise<AnswerOf<Act>> {
    const { clock, ask } = this.#deps
    const until = clock.mono() + waitMs
    if (verb === 'unschedule') {
      this.#made.remove(id)
      this.#deps.feedbacks.schedule(id, null)
    }
    for (;;) {
      try {
        const homes = this.#there.length === 0 ? null : await this.#homesOf(id)
        if (homes?.length === 0) return null
        if (homes?.every((home) => this.#isThere(home)) === true) {
          const answers = await Promise.all(homes.map((home) => request(ask, home, verb, { id })))
          return answers[0] ?? null
        }
        this.#why = homes === null ? this.#nobody() : `its home, node '${homes}', is not connected`
      } catch (error) {
        if (!isAway(error)) throw error
      }
      await this.#wait(`${verb} '${id}'`, until, until)
    }
  }

  /** Those of this app, on all nodes that are connected, by their ids. */
  async list(waitMs: number): Promise<Schedule[]> {
    const { app, clock } = this.#deps
    const until = clock.mono() + waitMs
    for (;;) {
      try {
        const there = this.#there
        if (there.length > 0) {
          const lists = await Promise.all(there.map(({ name }) => listOf(this.#deps.ask, name, app)))
          return lists.flat().sort((a, b) => (a.id < b.id ? -1 : 1))
        }
        this.#why = this.#nobody()
      } catch (error) {
        if (!isAway(error)) throw error
      }
      await this.#wait('the list of schedules', until, until)
    }
  }

  /** All schedules that this app has are these from now on. Answers the ids of those that went. */
  async keepOnly(ids: ReadonlySet<string>, waitMs: number): Promise<string[]> {
    const others = (await this.list(waitMs)).filter(({ id }) => !ids.has(id)).map(({ id }) => id)
    await Promise.all(others.map((id) => this.act('unschedule', id, waitMs)))
    return others
  }

  get #there(): readonly Line[] {
    return this.#deps.nodes().filter(({ connected }) => connected)
  }

  #isThere(node: string): boolean {
    return this.#there.some(({ name }) => name === node)
  }

  /** The node that has it, else the one that is to have it; null: it has to be waited for. */
  async #placeFor(wanted: Wanted): Promise<Place | null> {
    const { id } = wanted
    const wish = wishOf(wanted)
    const able = this.#there.filter((node) => node.open && mayTake(node, wish)).map(({ name }) => name)
    this.#why = whyHeld(wish, this.#deps.nodes(), this.#deps.where())
    if (able.length === 0) return null
    let homes: string[]
    try {
      homes = await this.#homesOf(id)
    } catch (error) {
      if (isAway(error)) return null
      throw error
    }
    const away = homes.find((home) => !this.#isThere(home))
    if (away !== undefined) {
      this.#why = `its home, node '${away}', is not connected`
      return null
    }
    const asked = wanted.agreed.terms.node
    // What was made first has gone on since: a node that has come later may have been given it for want of that one.
    const first = homes.find((name) => able.includes(name)) ?? homeOf(id, able)
    const home = asked !== undefined && able.includes(asked) ? asked : first
    if (home === null) return null
    return { home, isThere: homes.includes(home), others: homes.filter((name) => name !== home) }
  }

  /** Each of the nodes says which node has it; the one that has had it longest first. Rejects when one is lost meanwhile. */
  async #homesOf(id: string): Promise<string[]> {
    const { ask } = this.#deps
    const homes = this.#there.map(({ name }) => request(ask, name, 'schedule-home', { id }))
    const found = (await Promise.all(homes)).filter((home) => home !== null)
    return [...new Set(found.sort((a, b) => a.made - b.made).map(({ home }) => home))]
  }

  async #wait(what: string, most: number, until: number): Promise<void> {
    const { clock } = this.#deps
    const changed = this.#changes.next(most - clock.mono())
    this.#watch.begin()
    if ((await changed) || clock.mono() < until) return
    throw new JrError('JR_TIMEOUT', `${what} was waited for as long as opts.wait says: ${this.#why}`)
  }

  #nobody(): string {
    return `no node is connected; this app ${this.#deps.where()}`
  }
}

function wishOf({ id, definition, agreed }: Wanted): Wish {
  return { id, edition: 1, name: definition.name, agreed, bytes: definition.args.length }
}

import type { Clock } from '../../src/clock.js'
import type { JobDefinition } from '../../src/job/definition.js'
import { checkedTime } from '../../src/job/due.js'
import { homeKeyOf, homeOf } from '../../src/job/home.js'
import type { JobRecord } from '../../src/job/record.js'
import { standingOf } from '../../src/job/series.js'
import { areKnown } from '../../src/job/terms/agreed.js'
import { hasPriorityIn, pinnedTo } from '../../src/job/terms/where.js'
import type { Logger } from '../../src/logger.js'
import type { Left, Neighbours, Store } from '../../src/store/contract.js'
import { hasFamilies } from '../../src/store/flow-notes.js'
import { readWishes } from '../../src/store/wishes.js'
import { type Journal, moveOf, type NodeEnd, type NodeMove } from '../changes/journal.js'
import type { Controls } from '../controls/controls.js'
import type { Flows } from '../flows/flows.js'
import type { Series } from '../order/series.js'
import type { Schedules } from '../schedules/schedules.js'
import type { NodeSettings } from '../settings.js'
import type { Kin } from './kin.js'
import { asOne, Kins } from './kins.js'
import { changeFor } from './recovery.js'

export interface AdoptionDeps {
  readonly settings: NodeSettings
  readonly neighbours: Neighbours
  readonly journal: Journal
  readonly store: Pick<Store, 'notes'>
  readonly series: Pick<Series, 'settle'>
  readonly flows: Pick<Flows, 'adopted' | 'settle'>
  readonly clock: Clock
  readonly log: Logger
  readonly seq: () => number
  readonly random: () => number
  /** The job, when this node's children have it. */
  readonly known: (name: string) => JobDefinition | undefined
  readonly schedules: Pick<Schedules, 'adopt'>
  readonly controls: Pick<Controls, 'draining'>
  readonly onError: (error: unknown) => void
}

/** A node whose lease has ended. */
interface Lost {
  readonly node: string
  /** The ids of jobs that somebody has begun to wait for while they ran. */
  readonly wishes: ReadonlySet<string>
  /** Told of each job. */
  readonly done: (ok: boolean) => void
}

/** `share`: this node's part. `rest`: what the others have not taken. `done`: what is left is not for this node. */
type Round = 'share' | 'rest' | 'done'

/** Takes over what lost neighbours have left. The store sees to it that each job goes to one node only. */
export class Adoption {
  readonly #deps: AdoptionDeps
  /** How far it is with each lost node, for as long as the node is told to be lost. */
  readonly #rounds = new Map<string, Round>()
  /** Lost nodes with which there may be more than was found last. */
  readonly #anew = new Set<string>()
  #working: Promise<void> = Promise.resolve()
  #busy = false
  #stopped = false

  constructor(deps: AdoptionDeps) {
    this.#deps = deps
  }

  /**
   * The leases of these nodes have ended; those of `live` hold. `anew`: there may be more with these than was found.
   * One after the other, and not twice at once.
   */
  lost(lost: readonly string[], live: readonly string[], anew: readonly string[]): void {
    for (const node of anew) this.#anew.add(node)
    for (const known of this.#rounds.keys()) if (!lost.includes(known)) this.#rounds.delete(known)
    // One that is drained takes nothing more: the others take its part, too.
    if (this.#busy || this.#stopped || this.#deps.controls.draining !== null) return
    this.#busy = true
    this.#working = this.#takeOver(lost, live)
      .catch(this.#deps.onError)
      .finally(() => {
        this.#busy = false
      })
  }

  /** The children know other jobs now: what was left to others may be for this node. */
  relearn(): void {
    for (const [node, round] of this.#rounds) if (round === 'done') this.#rounds.set(node, 'rest')
  }

  /** Resolves when what was begun is over. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#working
  }

  async #takeOver(lost: readonly string[], live: readonly string[]): Promise<void> {
    for (const node of lost) {
      const round = this.#rounds.get(node) ?? 'share'
      if (round === 'done' && !this.#anew.has(node)) continue
      this.#anew.delete(node)
      const mine = round === 'share' ? shareOf(this.#deps.settings.name, live) : () => true
      const found = await this.#goThrough(node, mine)
      if (this.#stopped) return
      // What was said to be new meanwhile may have come behind what was gone through.
      this.#rounds.set(node, round === 'share' || this.#anew.has(node) ? 'rest' : 'done')
      if (found === null) this.#rounds.delete(node)
      else if (!found.left) await this.#deps.neighbours.settle(node)
    }
  }

  /** Null when the node is back. `left`: something is there that is not for this node, or not yet. */
  async #goThrough(node: string, mine: (key: string) => boolean): Promise<{ left: boolean } | null> {
    const { neighbours, store, journal, schedules, series, flows, log } = this.#deps
    let left = false
    let taken = 0
    const done = (ok: boolean) => {
      if (ok) taken++
    }
    let page = await neighbours.left(node, null)
    if (page === null || this.#stopped) return null
    // From the first page on the other can change nothing.
    const from: Lost = { node, wishes: await readWishes(store), done }
    const kins = new Kins(node, mine, {
      ...this.#deps,
      families: await hasFamilies(store),
      mayRun: (job) => this.#mayRun(job, node),
      adopt: (kin) => this.#adoptKin(kin, from),
    })
    for (;;) {
      const [wanted, others] = this.#choose(await kins.take(page), node, mine)
      left ||= others || kins.left
      this.#adopt(wanted, from)
      // A page at a time: the others work on the same, and new jobs are not to wait behind all of these.
      await journal.flushed()
      if (page.next === null) break
      page = await neighbours.left(node, page.next)
      if (page === null || this.#stopped) return null
    }
    series.settle()
    flows.settle()
    if (await schedules.adopt(node, mine)) left = true
    if (taken > 0) log.warn('neighbour:lost', { node, jobs: taken, note: 'its jobs go on here' })
    return { left }
  }

  #choose(page: Left, node: string, mine: (key: string) => boolean): [wanted: Left, others: boolean] {
    const own = (job: JobRecord) => mine(homeKeyOf(job) ?? job.id) && this.#mayRun(job, node)
    const wanted: Left = {
      interrupted: page.interrupted.filter(({ job }) => own(job)),
      waiting: page.waiting.filter(own),
      outcomes: page.outcomes.filter(({ id }) => mine(id)),
      next: page.next,
    }
    const size = ({ interrupted, waiting, outcomes }: Left) =>
      interrupted.length + waiting.length + outcomes.length
    return [wanted, size(wanted) < size(page)]
  }

  #adopt(page: Left, lost: Lost): void {
    const { journal, seq } = this.#deps
    for (const change of this.#changes(page, lost)) journal.add(change, true)
    for (const from of page.outcomes) {
      journal.add({ kind: 'adopt', owner: lost.node, from, outcome: { ...from, seq: seq() } }, true)
    }
  }

  /** All of them, or none: so jobs that belong together stay so, whoever else takes over what is left. */
  #adoptKin(kin: Kin, lost: Lost): void {
    const { journal, flows } = this.#deps
    const taken = (ok: boolean) => {
      if (ok) flows.adopted(kin.flows)
    }
    for (const change of asOne(this.#changes(kin, lost), taken)) journal.add(change, true)
  }

  #changes(
    { interrupted, waiting }: Pick<Left, 'interrupted' | 'waiting'>,
    { node: owner, wishes, done }: Lost,
  ): (NodeMove | NodeEnd)[] {
    const { settings, clock, seq, random, known } = this.#deps
    // The other's steady clock is not known here: what a job has waited for there, the wall clock says.
    const ahead = clock.steady() - clock.now()
    const deps = { settings, known, now: clock.steady(), ahead, seq, random, wishes }
    return [
      ...interrupted.map((one) => ({ ...changeFor(one, deps, owner), owner, done })),
      ...waiting.map((job) => ({
        ...moveOf(job, false, { ...moved(job, ahead), seq: seq() }, done),
        owner,
      })),
    ]
  }

  /** A job that is pinned to the lost node waits for it; one that this node may not run, or can't, for another. */
  #mayRun(job: JobRecord, lost: string): boolean {
    const { settings, known } = this.#deps
    const { agreed, name } = job
    if (pinnedTo(agreed.terms) === lost || agreed.terms.notNode?.includes(settings.name) === true)
      return false
    return known(name) !== undefined && areKnown(agreed) && hasPriorityIn(settings, agreed.terms)
  }
}

function moved(job: JobRecord, ahead: number): JobRecord {
  if (ahead === 0 || job.byWall) return job
  const { course } = job
  const { lane, due } = standingOf(job)
  const firstDue = course.firstDue === null ? null : checkedTime(course.firstDue + ahead)
  const at = checkedTime(due + ahead)
  if (course.behind !== null) return { ...job, course: { ...course, behind: { lane, due: at } } }
  return { ...job, due: at, course: { ...course, firstDue } }
}

/** Which keys are this node's part: each has its home at one of the nodes that are there. */
export function shareOf(name: string, live: readonly string[]): (key: string) => boolean {
  const nodes = new Set([...live, name])
  return (key) => homeOf(key, nodes) === name
}

/** Null: nobody shares the store. */
export function adoptionIn(store: Store, deps: Omit<AdoptionDeps, 'store' | 'neighbours'>): Adoption | null {
  const { neighbours } = store
  return neighbours === undefined ? null : new Adoption({ ...deps, store, neighbours })
}

import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../src/clock.js'
import { type Limits, showLimits } from '../../src/job/limits.js'
import type { Logger } from '../../src/logger.js'
import type { Note, Store } from '../../src/store/contract.js'
import type { Pausable, Said } from '../../src/verbs/controls.js'
import type { Journal } from '../changes/journal.js'
import type { Executors } from '../executors/executors.js'
import type { Rules } from '../order/rules.js'
import { limitsNote, pauseNote, readControls, type SetLimits } from './notes.js'
import { Pauses, pausedBy } from './pauses.js'

export interface ControlsDeps {
  readonly store: Pick<Store, 'notes'>
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Logger
  /** For what the job files say. */
  readonly executors: Pick<Executors, 'known' | 'definitions'>
  /** Other jobs of this name may begin now than before; null: of any, as the node was paused or resumed. */
  readonly onChange: (name: string | null) => void
}

/** Who has paused a node by a signal, or from its own process. */
const PROCESS = 'its own process'

/**
 * What is set while the node runs: limits that come in place of those of the job files, and pauses. It holds from the moment
 * that it is asked for; the one who asks is told when it is on the disk.
 */
export class Controls implements Rules {
  readonly #deps: ControlsDeps
  readonly #limits = new Map<string, SetLimits>()
  readonly #pauses = new Pauses()
  #draining: Said | null = null

  constructor(deps: ControlsDeps) {
    this.#deps = deps
  }

  /** Before any job is claimed. */
  open(): Promise<void> {
    return readControls(this.#deps.store, {
      limits: (name, set) => this.#limits.set(name, set),
      pause: (what, said) => this.#pauses.put(what, said),
    })
  }

  /** All names for which something holds. */
  names(): Iterable<string> {
    const limited = this.#deps.executors.definitions.filter(({ limits }) => limits !== null)
    return new Set([...limited.map(({ name }) => name), ...this.#limits.keys(), ...this.#pauses.names])
  }

  /** Those that hold now: the ones that were set, else those of the job file. */
  limitsOf(name: string): Limits | undefined {
    return this.#limits.get(name)?.limits ?? this.#deps.executors.known(name)?.limits ?? undefined
  }

  pausedSince(name: string, group: string | null): number | null {
    return this.#pauses.of(name, group)?.since ?? null
  }

  /** The pause of a group, of the name itself, or of the whole node where there is no name. */
  pauseOf(name: string | null, group: string | null): Said | null {
    return (name === null ? this.#pauses.node : this.#pauses.of(name, group)) ?? null
  }

  /** Limits that were set, and groups that are paused. */
  setFor(name: string): { readonly limits: SetLimits | null; readonly groups: ReadonlyMap<string, Said> } {
    return { limits: this.#limits.get(name) ?? null, groups: this.#pauses.groupsOf(name) }
  }

  /** Null: those of the job file hold again. Answers whether it was otherwise before. */
  async setLimits(name: string, limits: Limits | null, by: string): Promise<boolean> {
    const before = this.#limits.get(name)
    const changed = !isDeepStrictEqual(before?.limits ?? null, limits)
    if (!changed) return this.#unchanged()
    const set = limits === null ? null : { limits, by, since: this.#deps.clock.now() }
    if (set === null) this.#limits.delete(name)
    else this.#limits.set(name, set)
    const shown = limits === null ? 'those of the job file' : JSON.stringify(showLimits(limits))
    this.#deps.log.info('limits:set', { name, limits: shown, by })
    return this.#keep(name, limitsNote(name, set))
  }

  /** A pause that is there already stays as it is: it is of the one who came first. */
  async pause(what: Pausable, by: string): Promise<boolean> {
    const paused = pausedBy(what)
    if (this.#pauses.get(paused) !== undefined) return this.#unchanged()
    const said = { since: this.#deps.clock.now(), by }
    this.#pauses.put(paused, said)
    this.#deps.log.info('jobs:paused', { ...what, by })
    return this.#keep(what.name ?? null, pauseNote(paused, said))
  }

  /** Of the node: also what `hold` has begun. */
  async resume(what: Pausable, by: string): Promise<boolean> {
    const paused = pausedBy(what)
    const held = paused === null && this.#pauses.process !== null
    if (held) this.release()
    if (this.#pauses.get(paused) === undefined) return (await this.#unchanged()) || held
    this.#pauses.drop(paused)
    this.#deps.log.info('jobs:resumed', { ...what, by })
    return this.#keep(what.name ?? null, pauseNote(paused, null))
  }

  /** Since when the node takes no new jobs, and for whom; null: it takes them. Kept by nobody. */
  get draining(): Said | null {
    return this.#draining
  }

  /** Answers whether it was otherwise before. */
  drain(on: boolean, by: string): boolean {
    if (on === (this.#draining !== null)) return false
    this.#draining = on ? { since: this.#deps.clock.now(), by } : null
    this.#deps.log.info(on ? 'jobs:drained' : 'jobs:taken-again', { by })
    this.#deps.onChange(null)
    return true
  }

  /** Pauses the node until `release`, or until this process ends. */
  hold(): void {
    this.#setProcess({ since: this.#deps.clock.now(), by: PROCESS })
  }

  /** Ends what `hold` has begun, and no pause that is kept. */
  release(): void {
    this.#setProcess(null)
  }

  #setProcess(said: Said | null): void {
    if ((this.#pauses.process === null) === (said === null)) return
    this.#pauses.process = said
    this.#deps.onChange(null)
  }

  #keep(name: string | null, note: Note): Promise<true> {
    this.#deps.onChange(name)
    return new Promise((resolve) => {
      this.#deps.journal.add({ kind: 'note', notes: [note], done: () => resolve(true) }, true)
    })
  }

  /** What made it so may be on its way to the disk. */
  async #unchanged(): Promise<false> {
    await this.#deps.journal.flushed()
    return false
  }
}

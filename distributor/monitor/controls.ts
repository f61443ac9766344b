import { JrError } from '../../src/errors.js'
import { type GivenLimits, type Limits, parseLimits, showLimits } from '../../src/job/limits.js'
import type { JobName } from '../../src/job/types.js'
import { checked, NAME } from '../../src/rules.js'
import type { NameFacts, NamesOfNode, Said } from '../../src/verbs/controls.js'
import type { AskedOf } from '../../src/verbs/table.js'
import type { NodeFacts } from '../events.js'
import { type Ask, askedAs, request } from './request.js'

/** Since when, and by whom: the name of an app, a command such as `jr pause`, or `its own process`, for a signal. */
export interface SetBy {
  readonly since: Date
  readonly by: string
}

/** A name on a node: what its job file says of it, and what was set at run time. */
export interface JobNameFacts {
  readonly name: string
  /** A child of the node has loaded a job of this name. */
  readonly known: boolean
  readonly defer: boolean
  /** Of the job file: for one attempt; null: the node's. */
  readonly timeoutMs: number | null
  readonly maxAttempts: number | null
  /** Jobs that run now. */
  readonly running: number
  /** Those that hold now, as they could be given. */
  readonly limits: GivenLimits
  /** Those of its job file. */
  readonly jobFileLimits: GivenLimits
  /** When `limits` were set at run time; null: they are those of the job file. */
  readonly limitsSet: SetBy | null
  readonly paused: SetBy | null
  /** The groups of this name that are paused. */
  readonly pausedGroups: readonly (SetBy & { readonly group: string })[]
}

/** The names that a node knows, and those for which something is set there. */
export interface NodeNames {
  readonly node: string
  /** The whole node is paused. */
  readonly paused: SetBy | null
  readonly names: readonly JobNameFacts[]
}

/** Which node is meant. */
export interface OnNode {
  /** Default: all that are connected. */
  readonly node?: string
}

/** What is paused or resumed: all jobs of a name, those of one group of the name, or, without a name, whole nodes. */
export interface PauseOptions extends OnNode {
  readonly name?: string
  /** Goes with `name`. */
  readonly group?: string
}

/** What became of it on each node that was meant. */
export interface NodesAnswer {
  /** It was otherwise there before, and is on the disk now. */
  readonly changed: readonly string[]
  /** It was so there already. */
  readonly unchanged: readonly string[]
  /** They are away, or could not do it: it may have been done, or not. */
  readonly failed: readonly { readonly node: string; readonly error: Error }[]
}

type Control = 'set-limits' | 'pause' | 'resume'

/** What holds on nodes for the jobs of a name: limits and pauses. */
export class NodeControls {
  readonly #nodes: () => readonly NodeFacts[]
  readonly #ask: Ask

  constructor(nodes: () => readonly NodeFacts[], ask: Ask) {
    this.#nodes = nodes
    this.#ask = ask
  }

  /**
   * The names that nodes know, and those for which limits or pauses are set there: of all connected nodes, or of one. Rejects
   * with JR_CONNECTION when one of them is lost meanwhile.
   */
  names = async ({ node }: OnNode = {}): Promise<NodeNames[]> => {
    const meant = this.#meant(node).filter(({ status }) => status !== 'disconnected' || node !== undefined)
    if (meant.length === 0) throw nobody()
    return Promise.all(
      meant.map(async ({ name }) => nodeNamesOf(name, await request(this.#ask, name, 'names', {}))),
    )
  }

  /**
   * Sets the limits of a name: they hold in place of those of its job file, as a whole, on each node by itself, and are kept in
   * its store; null: those of the job file hold again. Without `node`, on all nodes that have connected to this app. One that
   * comes later, or is away now, is not told. Nothing that runs is ended. Throws a TypeError for bad limits, with their path.
   */
  setLimits = async (
    name: JobName,
    limits: GivenLimits | null,
    { node }: OnNode = {},
  ): Promise<NodesAnswer> => {
    checked(NAME, name, "setLimits: the job's name")
    const parsed: Limits | null = limits === null ? null : parseLimits(limits, 'limits')
    return this.#everywhere('set-limits', { name, limits: parsed }, node)
  }

  /**
   * Pauses a name, a group of it, or without a name whole nodes, until `resume`, also across restarts. What is enqueued waits;
   * what runs goes on. Which nodes, and what becomes of those that are away: as in `setLimits`. Rejects when no node has done it.
   */
  pause = ({ node, ...what }: PauseOptions = {}): Promise<NodesAnswer> =>
    this.#everywhere('pause', what, node)

  /** Ends a pause. A name that was paused, and its group, are two pauses: each is resumed by itself. */
  resume = ({ node, ...what }: PauseOptions = {}): Promise<NodesAnswer> =>
    this.#everywhere('resume', what, node)

  /** Rejects as the first of them does when none could do it. */
  async #everywhere<V extends Control>(
    verb: V,
    asked: AskedOf<V>,
    node: string | undefined,
  ): Promise<NodesAnswer> {
    const what = askedAs(verb, asked)
    const meant = this.#meant(node).map(({ name }) => name)
    const settled = await Promise.allSettled(meant.map((name) => request(this.#ask, name, verb, what)))
    const changed: string[] = []
    const unchanged: string[] = []
    const failed: { node: string; error: Error }[] = []
    for (const [i, name] of meant.entries()) {
      const one = settled[i]
      if (one?.status === 'fulfilled') (one.value ? changed : unchanged).push(name)
      else failed.push({ node: name, error: one?.reason as Error })
    }
    if (changed.length + unchanged.length === 0) throw failed[0]?.error ?? nobody()
    return { changed, unchanged, failed }
  }

  #meant(node: string | undefined): readonly Pick<NodeFacts, 'name' | 'status'>[] {
    if (node === undefined) return this.#nodes()
    const name = checked(NAME, node, 'node')
    return [{ name, status: 'running' }]
  }
}

function nobody(): JrError {
  return new JrError('JR_CONNECTION', 'no node is connected')
}

function nodeNamesOf(node: string, { paused, names }: NamesOfNode): NodeNames {
  return { node, paused: setBy(paused), names: names.map(nameOf) }
}

function nameOf({ limits, set, paused, groups, ...facts }: NameFacts): JobNameFacts {
  return {
    ...facts,
    limits: showLimits(set?.limits ?? limits ?? {}),
    jobFileLimits: showLimits(limits ?? {}),
    limitsSet: setBy(set),
    paused: setBy(paused),
    pausedGroups: groups.map(({ group, since, by }) => ({ group, since: new Date(since), by })),
  }
}

export function setBy(said: Said | null): SetBy | null {
  return said === null ? null : { since: new Date(said.since), by: said.by }
}

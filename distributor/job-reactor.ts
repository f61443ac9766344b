import type { NodeOptions } from '../src/options/node-options.js'
import { Distributor } from './jr.js'
import type { NodeHere } from './spawned/spawned-nodes.js'

/** Starts a node in this process. */
export type NodeStarter<Handle> = (options: NodeOptions) => Promise<Handle>

/** A distributor that can also start nodes in its own process; how is its maker's affair. */
export class JobReactor<Handle extends NodeHere> extends Distributor {
  readonly #startNode: NodeStarter<Handle>

  constructor(parts: { readonly startNode: NodeStarter<Handle> }) {
    super()
    this.#startNode = parts.startNode
  }

  /**
   * Starts a node in this process; its jobs run in children all the same. Takes the defaults of `config`. With neither
   * `distributors` nor `listen` it is a node of this distributor, which must be started: it connects to it, and `stop` ends
   * it. Resolves when it takes jobs. Rejects as `startNode` of job-reactor/node does; with JR_STOPPED when the distributor is
   * stopped meanwhile.
   */
  startNode(options: NodeOptions): Promise<Handle> {
    return this.startHere(options, this.#startNode)
  }
}

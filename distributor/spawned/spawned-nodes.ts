import { JrError } from '../../src/errors.js'
import type { Logger } from '../../src/logger.js'
import type { Surroundings } from '../../src/surroundings.js'
import type { Address } from '../../src/wire/address.js'
import type { DistributorCore } from '../distributor.js'
import { clearPrivateSockets, makePrivateSocket, removePrivateSocket } from './private-socket.js'
import type { SpawnOptions } from './spawn-command.js'
import { NodeKeeper, type SpawnedNode } from './spawn-node.js'

/** A node in the process of the app. */
export interface NodeHere {
  stop(options?: { readonly timeoutMs?: number }): Promise<void>
  readonly stopped: Promise<unknown>
}

/** The nodes that only this app can reach, and so end with it: the processes that it has started, and those in its own. */
export class SpawnedNodes {
  readonly #core: DistributorCore
  readonly #log: Logger
  readonly #surroundings: Surroundings
  readonly #keepers = new Set<NodeKeeper>()
  readonly #here = new Set<NodeHere>()
  #stopping = false
  /** For an app that listens nowhere else. */
  #privateSocket: string | null = null
  #private: Promise<Address> | null = null

  constructor(core: DistributorCore, log: Logger, surroundings: Surroundings) {
    this.#core = core
    this.#log = log
    this.#surroundings = surroundings
    core.events.on('node:connected', ({ name }) => {
      for (const keeper of this.#keepers) if (keeper.name === name) keeper.connected()
    })
  }

  /** Resolves when the node has connected. Rejects with JR_CHILD_START, or JR_STOPPED, and then keeps no process. */
  async spawn(options: SpawnOptions, address: Address): Promise<SpawnedNode> {
    const { name } = options
    if (this.#stopping) throw stopped(name)
    const keeper: NodeKeeper = new NodeKeeper(options, {
      clock: this.#surroundings.clock,
      log: this.#log,
      address,
      onExit: (why, restartInMs) => this.#core.events.emit('spawned:exited', { name, why, restartInMs }),
    })
    this.#keepers.add(keeper)
    try {
      await keeper.start()
      return keeper
    } catch (error) {
      // `stop` looks after those that it has found still starting.
      if (!this.#stopping) {
        await keeper.stop()
        this.#keepers.delete(keeper)
      }
      throw error
    }
  }

  /** Resolves with the node once it takes jobs. Rejects as `begin` does; with JR_STOPPED when the app stops meanwhile. */
  async startHere<Node extends NodeHere>(name: string, begin: () => Promise<Node>): Promise<Node> {
    if (this.#stopping) throw stopped(name)
    const node = await begin()
    if (this.#stopping) {
      await node.stop({ timeoutMs: 0 })
      throw stopped(name)
    }
    this.#here.add(node)
    node.stopped.then(() => this.#here.delete(node))
    return node
  }

  /** Where nodes of this machine reach an app that listens nowhere else. */
  listenPrivately(): Promise<Address> {
    this.#private ??= this.#listen()
    return this.#private
  }

  /** Who waits for a node that starts is told at once. What is held may still go to it, until `stop`. */
  abandon(): void {
    this.#stopping = true
    for (const keeper of this.#keepers) keeper.abandon(stopped(keeper.name))
  }

  /** `timeoutMs`: see `NodeKeeper.stop`. */
  async stop(timeoutMs?: number): Promise<void> {
    const here = timeoutMs === undefined ? {} : { timeoutMs }
    await Promise.all([
      ...[...this.#keepers].map((keeper) => keeper.stop(timeoutMs)),
      ...[...this.#here].map((node) => node.stop(here)),
    ])
    await this.#private?.catch(() => {})
    if (this.#privateSocket !== null) removePrivateSocket(this.#privateSocket)
  }

  async #listen(): Promise<Address> {
    const { chance, clock } = this.#surroundings
    if (process.platform === 'win32')
      return this.#core.listen({ path: `\\\\.\\pipe\\job-reactor-${chance.id()}` })
    await clearPrivateSockets(clock.now())
    this.#privateSocket = makePrivateSocket()
    return this.#core.listen({ path: this.#privateSocket })
  }
}

function stopped(name: string): JrError {
  return new JrError('JR_STOPPED', `node '${name}' had not connected yet when the distributor was stopped`)
}

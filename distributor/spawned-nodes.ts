import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { JrError } from '../src/errors.js'
import type { Logger } from '../src/logger.js'
import type { Surroundings } from '../src/surroundings.js'
import type { Address } from '../src/wire/address.js'
import type { DistributorCore } from './distributor.js'
import { NodeKeeper, type SpawnedNode, type SpawnOptions } from './spawn-node.js'

/** The node processes that one app has started. */
export class SpawnedNodes {
  readonly #core: DistributorCore
  readonly #log: Logger
  readonly #surroundings: Surroundings
  readonly #keepers = new Set<NodeKeeper>()
  #stopping = false
  /** A folder for a socket that only this user can reach, when the app listens nowhere else. */
  #privateDir: string | null = null

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

  async listenPrivately(): Promise<Address> {
    if (process.platform === 'win32')
      return this.#core.listen({ path: `\\\\.\\pipe\\job-reactor-${this.#surroundings.chance.id()}` })
    // Only this user can go into a folder that mkdtemp has made.
    this.#privateDir = mkdtempSync(join(tmpdir(), 'job-reactor-'))
    return this.#core.listen({ path: join(this.#privateDir, 'app.sock') })
  }

  /** Who waits for a node that starts is told at once. What is held may still go to it, until `stop`. */
  abandon(): void {
    this.#stopping = true
    for (const keeper of this.#keepers) keeper.abandon(stopped(keeper.name))
  }

  /** `timeoutMs`: see `NodeKeeper.stop`. */
  async stop(timeoutMs?: number): Promise<void> {
    await Promise.all([...this.#keepers].map((keeper) => keeper.stop(timeoutMs)))
    if (this.#privateDir !== null) rmSync(this.#privateDir, { recursive: true, force: true })
  }
}

function stopped(name: string): JrError {
  return new JrError('JR_STOPPED', `node '${name}' had not connected yet when the distributor was stopped`)
}

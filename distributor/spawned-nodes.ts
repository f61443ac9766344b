import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Timer } from '../src/clock.js'
import type { Logger } from '../src/logger.js'
import type { Surroundings } from '../src/surroundings.js'
import type { Address } from '../src/wire/address.js'
import type { DistributorCore } from './distributor.js'
import type { NodeFacts } from './events.js'
import { NodeKeeper, type SpawnedNode, type SpawnOptions } from './spawn-node.js'

/** How long a node that was spawned may take to connect for the first time. */
const CONNECT_MS = 60_000

/** The node processes that one app has started. */
export class SpawnedNodes {
  readonly #core: DistributorCore
  readonly #log: Logger
  readonly #surroundings: Surroundings
  readonly #keepers: NodeKeeper[] = []
  /** A folder for a socket that only this user can reach, when the app listens nowhere else. */
  #privateDir: string | null = null

  constructor(core: DistributorCore, log: Logger, surroundings: Surroundings) {
    this.#core = core
    this.#log = log
    this.#surroundings = surroundings
  }

  /** Resolves when the node has connected. Rejects with JR_CHILD_START, and then keeps no process. */
  async spawn(options: SpawnOptions, address: Address): Promise<SpawnedNode> {
    const { name } = options
    const { clock } = this.#surroundings
    let failed: () => void = () => {}
    let timer: Timer | undefined
    const keeper: NodeKeeper = new NodeKeeper(options, {
      clock,
      log: this.#log,
      address,
      onExit: (why, restartInMs) => {
        this.#core.events.emit('spawned:exited', { name, why, restartInMs })
        failed()
      },
    })
    keeper.start()
    this.#keepers.push(keeper)
    try {
      await new Promise<void>((resolve, reject) => {
        failed = () => reject(keeper.complaint)
        timer = clock.setTimer(CONNECT_MS, failed)
        this.#core.events.on('node:connected', (node: NodeFacts) => {
          if (node.name !== name) return
          keeper.connected()
          resolve()
        })
      })
      return keeper
    } catch (error) {
      await keeper.stop()
      throw error
    } finally {
      timer?.cancel()
      failed = () => {}
    }
  }

  async listenPrivately(): Promise<Address> {
    if (process.platform === 'win32')
      return this.#core.listen({ path: `\\\\.\\pipe\\job-reactor-${this.#surroundings.chance.id()}` })
    // Only this user can go into a folder that mkdtemp has made.
    this.#privateDir = mkdtempSync(join(tmpdir(), 'job-reactor-'))
    return this.#core.listen({ path: join(this.#privateDir, 'app.sock') })
  }

  async stop(): Promise<void> {
    await Promise.all(this.#keepers.map((keeper) => keeper.stop()))
    if (this.#privateDir !== null) rmSync(this.#privateDir, { recursive: true, force: true })
  }
}

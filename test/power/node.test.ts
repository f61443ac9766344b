import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Address } from '#dist/src/wire/address.js'
import { Flow } from '../system/flow.js'
import {
  ALL_CHILDREN,
  folder,
  type NodeProcess,
  randomOf,
  startApp,
  startNode,
  toApp,
} from '../system/harness.js'
import { diskAfterLoss, LOSSES } from './disk.js'
import { type PoweredFolder, powered, undoLibrary, withoutPowerLoss } from './undo-log.js'

const ROUNDS = Number(process.env.JR_TEST_ROUNDS ?? 2)
const SEED = Number(process.env.JR_TEST_SEED ?? Date.now() % 1_000_000)
const JOBS_A_ROUND = 250
const LATE_MS = 20_000
const skip = withoutPowerLoss()

/** A node on one disk after the other: each is what the loss of power has left of the one before. */
class Lives {
  readonly #t: Test
  readonly #root: string
  readonly #flags: string[]
  readonly #random: () => number
  readonly #library: string
  #lives = 0
  #loss = ''
  #power: PoweredFolder | null = null

  constructor(t: Test, root: string, random: () => number, app: Address, durability: string) {
    this.#t = t
    this.#root = root
    this.#random = random
    this.#flags = ['--durability', durability, '--backoff', '0.02', '--log-level', 'info', ...toApp(app)]
    this.#library = undoLibrary(root)
  }

  toString(): string {
    return `life ${this.#lives}, lost: ${this.#loss}`
  }

  /** The next; null when the power was lost, at this entry of the log, before it was ready. */
  async start(lostAt?: number): Promise<NodeProcess | null> {
    const root = join(this.#root, `life-${++this.#lives}`)
    const before = this.#power
    const loss = LOSSES[Math.floor(this.#random() * LOSSES.length)] ?? 'all'
    if (before !== null) {
      this.#loss = loss
      diskAfterLoss(before, join(root, 'disk'), loss, this.#random)
      rmSync(join(before.dir, '..'), { recursive: true })
    }
    const syncMs = this.#random() * 4
    const power = powered(root, {
      library: this.#library,
      syncMs,
      ...(lostAt === undefined ? {} : { lostAt }),
    })
    this.#power = power
    const flags = ['--dir', join(power.dir, 'data'), ...ALL_CHILDREN, ...this.#flags]
    try {
      return await startNode(this.#t, 'n1', flags, power.env)
    } catch (error) {
      if (lostAt === undefined || !String(error).includes('SIGKILL')) throw error
      return null
    }
  }
}

for (const durability of ['fsync', 'os'] as const) {
  t.test(
    `${ROUNDS} losses of power of a node while ${JOBS_A_ROUND} jobs flow, ${durability} (seed ${SEED})`,
    { skip },
    async (t) => {
      t.setTimeout(240_000 + ROUNDS * 20_000)
      const dir = folder(t)
      const random = randomOf(SEED)
      const log = join(dir, 'log')
      mkdirSync(log)
      const { app, address } = await startApp(t)
      const lives = new Lives(t, dir, random, address, durability)
      // In the middle of its very first start, most of the time.
      let node = await lives.start(1 + Math.floor(random() * 45))
      for (let round = 0; round < ROUNDS; round++) {
        const flow = new Flow(t, app, log, random)
        const sent = flow.send(JOBS_A_ROUND)
        await new Promise((resolve) => setTimeout(resolve, random() * 250))
        await cut(node, flow)
        // Some lose it again while they open what is left.
        if (random() < 0.4) await cut(await lives.start(1 + Math.floor(random() * 60)), flow)
        // What was accepted, and not synced, is not promised to be there.
        const lost = new Set(durability === 'os' ? flow.accepted() : [])
        node = await lives.start()
        await sent
        await Promise.race([flow.settled((id) => !lost.has(id)), late(t)])
        const violations = flow.violations().filter(({ rule, job }) => rule !== 'I1' || !lost.has(job))
        if (process.env.JR_TEST_ROUNDS) console.error(`${durability}: round ${round} done`)
        t.same(violations.slice(0, 5), [], `round ${round}: ${lives}`)
        const open = [...flow.open.keys()].filter((id) => !lost.has(id))
        t.same(open, [], `${JOBS_A_ROUND - flow.open.size} feedbacks`)
        if (!t.passing()) return
      }
    },
  )
}

async function cut(node: NodeProcess | null, flow: Flow): Promise<void> {
  flow.fault(`power of ${node?.pid ?? 'a node that opens its store'}`)
  if (node === null) return
  node.process.kill('SIGKILL')
  await node.exited
}

/** Jobs that are lost are looked for no longer than this. */
function late(t: Test): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LATE_MS)
    t.teardown(() => clearTimeout(timer))
  })
}

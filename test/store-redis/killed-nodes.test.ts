import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { folder, type NodeProcess, randomOf, readLog, startApp, until } from '../system/harness.js'
import { check } from '../system/history.js'
import { begunOn, Load, NAMES, startOn } from './load.js'
import { startRedis, withoutRedis } from './redis-server.js'
import { monitorOf } from './straight.js'

const SEED = Number(process.env.JR_TEST_SEED ?? Date.now() % 1_000_000)
const KILLS = 6
/** Jobs that are sent before each kill, and of them, those that are done by then. */
const SENT = 650
const DONE = 400
const LAST = 500
const JOBS = KILLS * SENT + 2 * LAST
/** A node that starts again is back sooner, also where that takes a while. */
const LEASE_MS = 4000

const noRedis = withoutRedis()
if (noRedis !== false) t.skip(noRedis, async () => {})
else {
  t.test(`three nodes, and one killed again and again (seed ${SEED})`, { timeout: 240_000 }, async (t) => {
    const log = join(folder(t), 'log')
    mkdirSync(log)
    const random = randomOf(SEED)
    const redis = await startRedis(t)
    const app = await startApp(t, { doubtTimeout: `${LEASE_MS}ms` })
    const nodes = new Map<string, NodeProcess>()
    // As a supervisor does: on a machine that stands still for seconds a node finds that Redis does not answer, or that its
    // lease has ended, and ends.
    const started = async (name: string, tries: number): Promise<NodeProcess> => {
      try {
        return await startOn(t, name, redis, app, LEASE_MS)
      } catch (error) {
        if (tries === 1 || !/Redis did not answer|lease has ended/.test(String(error))) throw error
        return started(name, tries - 1)
      }
    }
    const start = async (name: string) => nodes.set(name, await started(name, 3))
    const monitor = monitorOf(redis)
    const isLost = async (lost: string) =>
      (await monitor.nodes()).find(({ name }) => name === lost)?.lease !== 'held'
    await Promise.all(NAMES.map(start))
    const load = new Load(app, log, random)
    let sent = 0
    let most = 0
    let lastKill = 0
    /** Open at the last kill. */
    let left = 0
    const send = (count: number) => {
      for (let i = 0; i < count && sent < most; i++) load.enqueue(sent++)
    }
    const sending = setInterval(() => send(20), 25)
    t.teardown(() => clearInterval(sending))
    const starting: Promise<unknown>[] = []
    for (let round = 1; round <= KILLS; round++) {
      most += SENT
      const done = sent - load.open
      await until(() => sent - load.open >= done + DONE)
      // Somebody must be left; where nodes take long to start, the second is longer.
      await until(() => nodes.size >= 2)
      const there = [...nodes.keys()].sort()
      const name = there[Math.floor(random() * there.length)] ?? 'n1'
      const node = nodes.get(name)
      if (node === undefined) throw new Error(`no node '${name}'`)
      nodes.delete(name)
      if (round === KILLS) {
        const begun = readLog(log).filter(({ ev }) => ev === 'begin').length
        most += LAST
        send(LAST)
        await begunOn(log, begun + 1)
        most += LAST
        send(LAST)
        lastKill = Date.now()
        left = load.open
      }
      load.history.push({ ev: 'fault', t: Date.now(), what: `kill ${name}` })
      node.process.kill('SIGKILL')
      await node.exited
      // One is back when others may have its jobs, the last never, the rest before anybody has missed them.
      const away = round === 2 ? until(() => isLost(name)) : Promise.resolve()
      if (round < KILLS) starting.push(away.then(() => start(name)))
    }
    await Promise.all(starting)
    await until(() => sent === JOBS)
    await load.done()
    const entries = [...load.history, ...readLog(log)]
    t.same(check(entries).slice(0, 5), [])
    const ends = load.history.flatMap((entry) => (entry.ev === 'feedback' ? [entry.t] : []))
    t.equal(ends.length, JOBS)
    t.ok(left > 0, 'there was work left at the last kill')
    const took = ends.reduce((last, at) => Math.max(last, at), 0) - lastKill
    t.comment(
      `${left} jobs were open at the last kill; all were done after ${took} ms: ${(took / LEASE_MS).toFixed(2)} leases`,
    )
    t.ok(took < 60_000, `done soon after the last kill (${took} ms)`)
    const there = app.app.nodes().filter(({ name }) => nodes.has(name))
    t.same(
      there.map(({ inFlight }) => inFlight),
      [0, 0],
    )
  })
}

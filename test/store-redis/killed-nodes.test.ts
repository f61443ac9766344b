import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { folder, type NodeProcess, randomOf, readLog, startApp, until } from '../system/harness.js'
import { check } from '../system/history.js'
import { begunOn, Load, NAMES, startOn } from './load.js'
import { startRedis, withoutRedis } from './redis-server.js'

const SEED = Number(process.env.JR_TEST_SEED ?? Date.now() % 1_000_000)
const JOBS = 5000
const KILLS = 6
const LAST = 500
/** So long that what else takes time is little against it: what is promised is promised in leases. */
const LEASE_MS = 4000

const noRedis = withoutRedis()
if (noRedis !== false) t.skip(noRedis, async () => {})
else {
  t.test(`three nodes, and one killed every second (seed ${SEED})`, { timeout: 120_000 }, async (t) => {
    const log = join(folder(t), 'log')
    mkdirSync(log)
    const random = randomOf(SEED)
    const redis = await startRedis(t)
    const app = await startApp(t, { doubtTimeout: `${LEASE_MS}ms` })
    const nodes = new Map<string, NodeProcess>()
    const start = async (name: string) => nodes.set(name, await startOn(t, name, redis, app, LEASE_MS))
    await Promise.all(NAMES.map(start))
    const load = new Load(app, log, random)
    let sent = 0
    let lastKill = 0
    const send = (count: number, most: number) => {
      for (let i = 0; i < count && sent < most; i++) load.enqueue(sent++)
    }
    // Some are kept for when the last is killed, and for after that.
    const sending = setInterval(() => send(20, lastKill === 0 ? JOBS - 2 * LAST : JOBS), 25)
    t.teardown(() => clearInterval(sending))
    const starting: Promise<unknown>[] = []
    for (let round = 1; round <= KILLS; round++) {
      await sleep(1000)
      // Somebody must be left; where nodes take long to start, the second is longer.
      await until(() => nodes.size >= 2)
      const there = [...nodes.keys()].sort()
      const name = there[Math.floor(random() * there.length)] ?? 'n1'
      const node = nodes.get(name)
      if (node === undefined) throw new Error(`no node '${name}'`)
      nodes.delete(name)
      if (round === KILLS) {
        send(LAST, JOBS - LAST)
        await begunOn(log, 1 + readLog(log).filter(({ ev }) => ev === 'begin').length)
        lastKill = Date.now()
      }
      load.history.push({ ev: 'fault', t: Date.now(), what: `kill ${name}` })
      node.process.kill('SIGKILL')
      await node.exited
      // One is back after others have its jobs, the last never, the rest before anybody has missed them.
      const away = round === 2 ? LEASE_MS : 0
      const back = () => sleep(away).then(() => start(name))
      if (round < KILLS) starting.push(back())
    }
    const open = load.open
    await Promise.all(starting)
    await until(() => sent === JOBS)
    await load.done()
    const entries = [...load.history, ...readLog(log)]
    t.same(check(entries).slice(0, 5), [])
    const ends = load.history.flatMap((entry) => (entry.ev === 'feedback' ? [entry.t] : []))
    t.equal(ends.length, JOBS)
    t.ok(open > 0, 'there was work left at the last kill')
    const took = ends.reduce((last, at) => Math.max(last, at), 0) - lastKill
    t.comment(
      `${open} jobs were open at the last kill; all were done after ${took} ms: ${(took / LEASE_MS).toFixed(2)} leases`,
    )
    t.ok(took <= 2 * LEASE_MS, `done within two leases of the last kill (${took} ms)`)
    const there = app.app.nodes().filter(({ name }) => nodes.has(name))
    t.same(
      there.map(({ inFlight }) => inFlight),
      [0, 0],
    )
  })
}

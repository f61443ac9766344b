import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { OutcomeInfo } from '#dist/distributor/index.js'
import { folder, randomOf, readLog, startApp, until } from '../system/harness.js'
import { check } from '../system/history.js'
import { begunOn, connected, LEASE_MS, Load, startAll, startOn } from './load.js'
import { startProxy } from './proxy.js'
import { startRedis, withoutRedis } from './redis-server.js'

const SEED = Number(process.env.JR_TEST_SEED ?? Date.now() % 1_000_000)

const noRedis = withoutRedis()
if (noRedis !== false) t.skip(noRedis, async () => {})
else {
  t.test(
    'Redis is killed, and away for longer than a lease: no node is lost for it',
    { timeout: 240_000 },
    async (t) => {
      const log = join(folder(t), 'log')
      mkdirSync(log)
      const redis = await startRedis(t, '--appendonly', 'yes', '--appendfsync', 'always')
      const app = await startApp(t)
      const nodes = await startAll(t, redis, app)
      const load = new Load(app, log, randomOf(SEED))
      let sent = 0
      const sending = setInterval(() => {
        for (let i = 0; i < 10 && sent < 1000; i++) load.enqueue(sent++)
      }, 25)
      t.teardown(() => clearInterval(sending))
      await begunOn(log, 200)
      await redis.signal('SIGKILL')
      // Longer than a lease, which nobody can say has ended: only time tells.
      await sleep(LEASE_MS * 1.5)
      await redis.again()
      await until(() => sent === 1000)
      await load.done()
      // No fault is written down: nothing may have begun again without a cause.
      t.same(check([...load.history, ...readLog(log)]).slice(0, 5), [])
      for (const node of nodes) {
        t.equal(node.process.exitCode, null)
        t.notOk(node.log.some((line) => line.includes('neighbour:lost')))
      }
    },
  )

  t.test(
    'what a lost node had goes to the others; what is pinned to it waits',
    { timeout: 240_000 },
    async (t) => {
      const log = join(folder(t), 'log')
      mkdirSync(log)
      const redis = await startRedis(t)
      const app = await startApp(t)
      const [first, ...others] = await startAll(t, redis, app)
      const jobs = Array.from({ length: 200 }, (_, n) => {
        const strictly = n % 10 === 0 ? { strictNode: true } : n % 10 === 1 ? { notNode: 'n3' } : {}
        const which = { node: 'n1', ...strictly }
        const name = n < 20 ? 'record_slow' : 'record'
        // Long enough for n1 to be killed before it has run any.
        const after = n < 20 ? 0 : 6
        const args = { log, payload: n, ms: 60_000 }
        const handle = app.app.enqueue(name, n < 20 ? { ...args, ms: 6000 } : args, { after, ...which })
        return { n, handle, result: handle.result() }
      })
      await Promise.all(jobs.map(({ handle }) => handle.accepted))
      const far = app.app.enqueue('record', { log, payload: 'far' }, { node: 'n1', after: '1h' })
      await far.accepted
      const slots = new Map<string, number[]>()
      const told = (_: unknown, { schedule, scheduledFor }: OutcomeInfo) =>
        slots.get(schedule ?? '')?.push(scheduledFor?.getTime() ?? 0)
      for (let i = 0; i < 9; i++) {
        slots.set(`s${i}`, [])
        const when = { every: '400ms', missed: 'all', overlap: 'queue' } as const
        await app.app.schedule(`s${i}`, when, 'echo', {}, {}, told)
      }
      const homes = async () => new Set((await app.app.schedules()).map(({ node }) => node))
      t.ok((await homes()).has('n1'))
      await begunOn(log, 20)
      first?.process.kill('SIGKILL')
      await first?.exited
      await Promise.all(jobs.filter(({ n }) => n % 10 !== 0).map(({ result }) => result))
      await Promise.all(others.map((node) => node.line('neighbour:lost')))
      t.equal(await far.cancel(), 'cancelled', 'whoever has it now')
      await until(() => [...slots.values()].every((all) => all.length >= 20))
      t.same(await homes(), new Set(['n2', 'n3']), 'schedules have gone to the others')
      t.equal((await app.app.monitor({ redisUrl: redis.url }).schedules()).length, 9)
      await app.app.setSchedules({})
      for (const [id, all] of slots) {
        const first = Math.min(...all)
        const each = all.map((_, i) => first + i * 400)
        t.same(all.toSorted(), each, `${id}: each slot once, and none is lost`)
      }
      const begun = () => readLog(log).filter((entry) => entry.ev === 'begin')
      const ranOn = new Map<string, string[]>()
      for (const { job, node } of begun()) ranOn.set(job, [...(ranOn.get(job) ?? []), node])
      const by = (name: string) => [...ranOn.values()].filter((nodes) => nodes.includes(name)).length
      t.ok(by('n2') > 20 && by('n3') > 20, `both take part: ${by('n2')} and ${by('n3')}`)
      for (const { n, handle } of jobs) {
        const nodes = ranOn.get(handle.id) ?? []
        if (n >= 20 && n % 10 === 0) t.same(nodes, [], 'pinned: has not run')
        else if (n >= 20 && n % 10 === 1) t.same(nodes, ['n2'], 'not allowed on n3')
        else if (n >= 20) t.equal(nodes.length, 1, 'ran once')
      }
      const attempts = begun()
        .filter(({ job }) => job === jobs[1]?.handle.id)
        .sort((a, b) => a.attempt - b.attempt)
      t.same(
        attempts.map(({ attempt, node }) => [attempt, node]),
        [
          [1, 'n1'],
          [2, 'n2'],
        ],
      )
      await startOn(t, 'n1', redis, app)
      await Promise.all(jobs.map(({ result }) => result))
      for (const { n, handle } of jobs) {
        if (n >= 20 && n % 10 === 0)
          t.same(
            begun()
              .filter(({ job }) => job === handle.id)
              .map(({ node }) => node),
            ['n1'],
          )
      }
    },
  )

  t.test('a node that is drained takes nothing of a lost one', { timeout: 120_000 }, async (t) => {
    const redis = await startRedis(t)
    const app = await startApp(t)
    const [first, , third] = await startAll(t, redis, app)
    const ran: string[] = []
    const handles = Array.from({ length: 40 }, (_, value) =>
      app.app.enqueue('echo', { value }, { node: 'n1', after: 4 }, (_, { node }) => ran.push(node)),
    )
    await Promise.all(handles.map(({ accepted }) => accepted))
    t.equal(await app.app.monitor().drainFor('n2', true), true)
    first?.process.kill('SIGKILL')
    await Promise.all(handles.map((handle) => handle.result()))
    t.same(ran, Array(40).fill('n3'))
    // Whoever takes jobs again takes what is left by then.
    const last = app.app.enqueue('echo', { value: 41 }, { node: 'n3', after: 4 })
    await last.accepted
    third?.process.kill('SIGKILL')
    t.equal(await app.app.monitor().drainFor('n2', false), true)
    t.match(await last.result(), { echoed: 41 })
  })

  t.test(
    'a job whose node ran it and could not say so does not run on another',
    { timeout: 240_000 },
    async (t) => {
      const log = join(folder(t), 'log')
      mkdirSync(log)
      const redis = await startRedis(t)
      const app = await startApp(t, { doubtTimeout: '1s' })
      if (!('port' in app.address)) throw new Error('no port')
      const proxy = await startProxy(t, app.address.port)
      const through = { ...app, address: { host: '127.0.0.1', port: proxy.port } }
      await Promise.all([startOn(t, 'n1', redis, through), startOn(t, 'n2', redis, app)])
      await connected(app, 2)
      proxy.mute()
      const handle = app.app.enqueue('record', { log, payload: 1 }, { node: 'n1' })
      const ran = () => readLog(log).flatMap((entry) => (entry.ev === 'end' ? [entry] : []))
      await until(() => ran().length > 0)
      proxy.close()
      await handle.accepted
      t.equal(app.app.nodes().find(({ name }) => name === 'n2')?.inFlight, 0)
      // Had n2 taken it as a new one, it would be done before the next one on the same child.
      await app.app.enqueue('record', { log, payload: 2 }, { node: 'n2', strictNode: true }).result()
      t.same(
        ran().map(({ attempt }) => attempt),
        [1, 1],
      )
      t.equal(ran().filter(({ job }) => job === handle.id).length, 1)
    },
  )

  t.test('a node that is paused past its lease finishes nothing', { timeout: 240_000 }, async (t) => {
    const log = join(folder(t), 'log')
    mkdirSync(log)
    const redis = await startRedis(t)
    const app = await startApp(t)
    const first = await startOn(t, 'n1', redis, app)
    const second = await startOn(t, 'n2', redis, app)
    await connected(app, 2)
    const feedbacks: string[] = []
    const handles = Array.from({ length: 20 }, (_, n) => {
      const told = (_: unknown, info: { node: string; attempt: number }) =>
        feedbacks.push(`${n} on ${info.node}, attempt ${info.attempt}`)
      return app.app.enqueue('record_slow', { log, payload: n, ms: 3000 }, { node: 'n1' }, told, told)
    })
    const results = handles.map((handle) => handle.result())
    await Promise.all(handles.map(({ accepted }) => accepted))
    // Its children go on, and are done long before it hears of it.
    first.process.kill('SIGSTOP')
    await second.line('neighbour:lost', '"jobs":20')
    await Promise.all(results)
    first.process.kill('SIGCONT')
    t.equal((await first.exited).code, 75, 'an exit code of its own')
    await first.line('JR_LEASE_LOST')
    t.same(feedbacks.sort(), handles.map((_, n) => `${n} on n2, attempt 2`).sort())
  })
}

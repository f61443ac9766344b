import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { event, folder, JOBS, randomOf, startApp, startNode, toApp, until } from './harness.js'
import { STORES } from './stores.js'

const KILLS = Number(process.env.JR_TEST_KILLS ?? 2)
const SEED = Number(process.env.JR_TEST_SEED ?? Date.now() % 1_000_000)

const { memory: _, ...onDisk } = STORES

for (const [store, flags] of Object.entries(onDisk)) {
  t.test(`a job waits for its children, ${store} store`, async (t) => {
    const { app, address } = await startApp(t, { name: 'app' })
    await startNode(t, 'n1', [...toApp(address), ...flags(folder(t))])
    await app.ready
    const { sum, failed, attempt } = await app.enqueue('family', { of: 5, fails: 3 }).result()
    t.same([sum, failed, attempt], [0 + 1 + 2 + 4, ['member 3 does not work'], 1], 'no attempt was spent')
    t.match(
      await app.enqueue('family', { of: 1 }, { serial: 's' }).result(),
      { sum: 0 },
      'and holds its series',
    )
    await t.rejects(
      app
        .enqueue('family', { of: 0 }, { maxAttempts: 1 })
        .result()
        .then(() => {
          throw new Error('0 children are none to wait for')
        }),
      /none to wait for/,
    )
    const nested = await app.enqueue('family', { of: 2, name: 'family', each: 3 }).result()
    t.match(nested, { sum: 6, failed: [] }, 'a child may have children')
    const log = folder(t)
    t.match(await app.enqueue('family', { of: 2, snoozes: true, log }).result(), { sum: 1, failed: [] })
    const members = readFileSync(join(log, 'ran'), 'utf8').match(/member/g)
    t.equal(members?.length, 2, 'what was made before a snooze is not made again')
    const monitor = app.monitor({ node: 'n1' })
    const waiting = app.enqueue('family', { of: 1, name: 'waits' }, { id: 'blocked' })
    waiting.result().catch(() => {})
    await until(async () => (await monitor.load('blocked'))?.state === 'blocked')
    t.equal((await monitor.jobsFor({ state: 'blocked' })).jobs.length, 1)
    t.equal(await waiting.cancel(), 'cancelled')
    await t.rejects(waiting.result(), { code: 'JR_CANCELLED' })
  })

  t.test(`what is enqueued with the completion of a job, ${store} store`, async (t) => {
    const log = folder(t)
    const { app, address } = await startApp(t, { name: 'app' })
    await startNode(t, 'n1', [...toApp(address), ...flags(folder(t))])
    await app.ready
    const ran = () =>
      readFileSync(join(log, 'ran'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    const first = app.enqueue('followed', { log, twice: true })
    await first.result()
    await until(() => ran().length === 2)
    t.same(ran(), [first.id, first.id])
    await t.rejects(
      app.enqueue('followed', { log, fails: true }, { maxAttempts: 2, backoff: 0.01 }).result(),
      /not completed/,
    )
    await t.rejects(app.enqueue('followed', { log, name: 'nobody' }, { maxAttempts: 1 }).result(), {
      code: 'JR_NO_SUCH_JOB',
    })
    await t.rejects(app.enqueue('followed', { log, waits: true }, { maxAttempts: 1 }).result(), {
      code: 'JR_WRONG_STATE',
    })
    await app.enqueue('echo', { value: 'last' }).result()
    t.equal(ran().length, 2, 'of what has not completed nothing follows')
  })
}

t.test(`children and follow-ups over ${KILLS} kills of the node (seed ${SEED})`, async (t) => {
  t.setTimeout(120_000 + KILLS * 5000)
  const random = randomOf(SEED)
  const dir = folder(t)
  const log = join(dir, 'log')
  mkdirSync(log)
  const { app } = await startApp(t, { name: 'app', doubtTimeout: '100s' })
  const logLevel = 'error'
  const node = await app.spawnNode({
    name: 'n1',
    jobs: JOBS,
    dir: join(dir, 'data'),
    logLevel,
    backoff: 0.02,
    standbyChildren: 0,
  })
  for (let round = 0; round < KILLS; round++) {
    const back = event(app, 'spawned:exited').then(() => event(app, 'node:connected'))
    const families = Array.from({ length: 4 }, (_, i) => app.enqueue('family', { of: 3 + i, fails: i, log }))
    const followed = Array.from({ length: 40 }, (_, i) =>
      app.enqueue('followed', { log, fails: i % 5 === 0 }, { maxAttempts: 2 }),
    )
    const ended = Promise.allSettled(followed.map((handle) => handle.result()))
    const { pid } = node
    setTimeout(() => process.kill(pid, 'SIGKILL'), random() * 150)
    const sums = await Promise.all(families.map((family) => family.result()))
    t.same(
      sums.map(({ sum, failed }) => [sum, (failed as string[]).length]),
      [3, 5, 8, 12].map((sum) => [sum, 1]),
    )
    const ends = await ended
    await back
    const completed = followed.filter((_, i) => ends[i]?.status === 'fulfilled').map(({ id }) => id)
    const followers = () => {
      const ran = readFileSync(join(log, 'ran'), 'utf8').split('\n')
      return new Set(ran.filter((line) => followed.some(({ id }) => id === line)))
    }
    await until(() => followers().size >= completed.length)
    t.same([...followers()].sort(), completed.sort(), `round ${round}: if and only if it has completed`)
  }
  const monitor = app.monitor({ node: 'n1' })
  t.equal((await monitor.jobsFor({ state: 'blocked' })).jobs.length, 0)
})

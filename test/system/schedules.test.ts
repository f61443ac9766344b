import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Distributor, type OutcomeInfo } from '#dist/distributor/index.js'
import { event, folder, startApp, startNode, toApp, until } from './harness.js'

const EVERY = 250

/** The slots of which the app is told, and whoever waits for so many of them. */
class Slots {
  readonly told: number[] = []
  #waiting: (() => void) | null = null

  readonly take = (_args: unknown, { scheduledFor, schedule }: OutcomeInfo): void => {
    if (schedule === 'tick') this.told.push(scheduledFor?.getTime() ?? 0)
    this.#waiting?.()
  }

  async until(count: number): Promise<void> {
    await new Promise<void>((done) => {
      this.#waiting = () => this.told.length >= count && done()
      this.#waiting()
    })
  }
}

t.test('a schedule outlives its node and its app: no slot twice, none lost', async (t) => {
  t.setTimeout(120_000)
  const dir = folder(t)
  const log = join(dir, 'log')
  mkdirSync(log)
  const first = await startApp(t)
  const flags = [...toApp(first.address), '--dir', join(dir, 'n1')]
  const when = { every: `${EVERY}ms`, missed: 'all', overlap: 'queue' } as const
  const slots = new Slots()
  // It waits for its node.
  const made = first.app.schedule('tick', when, 'record', { log }, { maxAttempts: 3 }, slots.take)
  const node = await startNode(t, 'n1', flags)
  t.same(await made, { id: 'tick', node: 'n1', made: 'created' })
  await slots.until(4)
  node.process.kill('SIGKILL')
  await node.exited
  const { line } = await startNode(t, 'n1', flags)
  await slots.until(10)

  const port = 'port' in first.address ? first.address.port : 0
  await first.app.stop()
  await line('distributor:disconnected')
  const app = new Distributor()
  t.teardown(() => app.stop({ timeout: 0 }))
  const heard = new Slots()
  app.feedback('record', { success: heard.take })
  await app.start({ port, logLevel: 'silent' })
  await heard.until(4)
  const again = new Slots()
  const same = await app.schedule('tick', when, 'record', { log }, { maxAttempts: 3 }, again.take)
  t.equal(same.made, 'unchanged')
  await again.until(3)

  const listed = await app.schedules()
  t.match(listed, [{ id: 'tick', name: 'record', node: 'n1', app: 'app', state: 'active', when }])
  t.equal(listed[0]?.next.length, 5)
  t.equal(await app.unschedule('tick'), true)
  t.equal(await app.unschedule('tick'), false)
  t.same(await app.schedules(), [])

  // What the first life has heard last, the second may hear once more.
  for (const { told } of [slots, heard, again]) t.equal(new Set(told).size, told.length, 'each slot once')
  const all = [...new Set([...slots.told, ...heard.told, ...again.told])].sort()
  const [from = 0] = all
  t.same(
    all,
    all.map((_, i) => from + i * EVERY),
    'and none is lost',
  )
})

t.test('the whole list of an app, and what else is done to schedules', async (t) => {
  const { app, address } = await startApp(t)
  await t.rejects(app.schedule('s', { every: 1 }, 'echo', {}, { wait: '20ms' }), {
    code: 'JR_TIMEOUT',
    message: /'s' was waited for as long as opts\.wait says: no node is connected; this app listens on/,
  })
  await t.rejects(app.schedules({ wait: 0.02 }), { code: 'JR_TIMEOUT' })
  t.throws(() => app.schedule('s', { cron: '0 25 * * *' }, 'echo'), { message: /^when\.cron: field 2 / })
  t.throws(() => app.schedule('', { every: 1 }, 'echo'), { message: /^id: expected text of 1 to 200/ })
  t.throws(() => app.schedule('s', { every: 1 }, 'echo', { f: () => {} }), {
    message: /^args\.f is a function/,
  })
  t.throws(() => app.schedule('s', { every: 1 }, 'echo', {}, { after: 1 } as never), {
    message: /^opts\.after/,
  })
  t.throws(() => app.schedule('s', { every: 1 }, 'echo', {}, {}, 7 as never), {
    message: /onSuccess must be/,
  })
  const bad = { nightly: { when: { cron: '0 3 * *' }, name: 'echo' } }
  t.throws(() => app.setSchedules(bad), { message: /^nightly\.when\.cron: expected 5 fields/ })
  const typo = { nightly: { when: { every: 1 }, name: 'echo', option: {} } }
  t.throws(() => app.setSchedules(typo as never), { message: /^nightly\.option: no such field; known: when/ })

  const dir = join(folder(t), 'n1')
  const start = async (name: string, ...flags: string[]) => {
    const connected = event(app, 'node:connected', (node: { name: string }) => node.name === name)
    const node = await startNode(t, name, [...toApp(address), ...flags])
    await connected
    return node
  }
  const [n1, n2] = await Promise.all([start('n1', '--dir', dir), start('n2', '--store', 'memory')])
  await t.rejects(app.schedule('s', { every: 1 }, 'nobody knows it'), { code: 'JR_NO_SUCH_JOB' })
  const cron = { cron: '30 2 * * *', timezone: 'Europe/Vienna' }
  const entry = { when: cron, name: 'echo', args: { value: 7 } }
  const ids = Array.from({ length: 12 }, (_, i) => `s${i}`)
  const list = Object.fromEntries(ids.map((id) => [id, entry]))
  const sorted = (texts: readonly string[]) => [...texts].sort()
  t.same(sorted((await app.setSchedules(list)).created), sorted(ids))
  const listed = await app.schedules()
  t.same(sorted(listed.map(({ id }) => id)), sorted(ids), 'each is on one node')
  t.same(new Set(listed.map(({ node }) => node)), new Set(['n1', 'n2']))
  const { s0, s1, ...others } = list
  let told = (_: unknown) => {}
  const result = new Promise((done) => {
    told = done
  })
  const onSuccess = (args: unknown, info: OutcomeInfo) => told([args, info])
  const next = { ...others, s1: { ...entry, when: { every: '1h' }, onSuccess } }
  const set = await app.setSchedules(next)
  t.same([set.created, set.replaced, set.removed, set.unchanged.length], [[], ['s1'], ['s0'], 10])

  const job = await app.runSchedule('s1')
  t.match(await result, [
    { value: 7, echoed: 7 },
    { id: job, schedule: 's1' },
  ])
  t.equal(await app.pauseSchedule('s1'), true)
  const paused = (await app.schedules()).find(({ id }) => id === 's1')
  t.match(paused, { state: 'paused', runs: 0, last: job, when: { every: '1h' } })
  t.equal(await app.resumeSchedule('s1'), true)
  t.equal(await app.resumeSchedule('none'), false)
  t.equal(await app.runSchedule('none'), null)

  const all = ids.slice(1)
  const isAll = async () => sorted((await app.schedules()).map(({ id }) => id)).join() === sorted(all).join()
  const homes = async () => (await app.schedules()).map(({ id, node }) => `${id} ${node}`)
  const before = await homes()
  n1.process.kill('SIGKILL')
  await event(app, 'node:disconnected')
  const elsewhere = await app.setSchedules(next)
  t.ok(elsewhere.created.length > 0, 'what n1 has is made anew on n2')
  await start('n1', '--dir', dir)
  await until(isAll)
  t.same(await homes(), before, 'where they have been longest')
  n2.process.kill('SIGKILL')
  await event(app, 'node:disconnected')
  await start('n2', '--store', 'memory')
  await until(isAll)

  const other = await startApp(t, { name: 'other', nodes: [] })
  t.same(await app.setSchedules({}), {
    created: [],
    replaced: [],
    unchanged: [],
    removed: sorted(ids.slice(1)),
  })
  await t.rejects(other.app.unschedule('s1', { wait: '10ms' }), { code: 'JR_TIMEOUT' })
})

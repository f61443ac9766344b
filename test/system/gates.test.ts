import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Feedback } from '#dist/distributor/told/ticket.js'
import type { EnqueueOptions } from '#dist/src/job/enqueue-options.js'
import { folder, startApp, startNode, toApp } from './harness.js'

/** When an attempt ran, as its node has told. */
interface Ran {
  readonly startedAt: number
  readonly finishedAt: number
}

/** The most that ran at one time. */
function mostAtOnce(all: readonly Ran[]): number {
  return Math.max(
    ...all.map(
      ({ startedAt: now }) => all.filter((one) => one.startedAt <= now && now < one.finishedAt).length,
    ),
  )
}

/** The most that began in a span of this length. */
function mostIn(all: readonly Ran[], perMs: number): number {
  const within = ({ startedAt: from }: Ran) =>
    all.filter(({ startedAt }) => startedAt >= from && startedAt < from + perMs)
  return Math.max(...all.map((one) => within(one).length))
}

t.test(
  'limits that are set hold, for a name and for each of its groups, also across a kill -9',
  async (t) => {
    const { app, address } = await startApp(t)
    const flags = [...toApp(address), '--dir', folder(t), '--concurrency', '100']
    const ran: (Ran & { readonly name: string; readonly group: string })[] = []
    const run = (name: string, group = '', args: { readonly ms?: number } = {}) => {
      const options: EnqueueOptions = group === '' ? {} : { group }
      const onSuccess: Feedback = (_, { startedAt, finishedAt }) => {
        ran.push({ name, group, startedAt: Number(startedAt), finishedAt: Number(finishedAt) })
      }
      return app.enqueue(name, { ...args }, options, onSuccess).result()
    }
    const of = (name: string, group?: string) =>
      ran.filter((one) => one.name === name && (group === undefined || one.group === group))
    const first = await startNode(t, 'n1', flags)
    await app.ready
    const rate = { limit: 20, per: '1s' }
    await app.setLimits('echo', { rate })
    await app.setLimits('waits', { concurrency: 3, groupConcurrency: 1 })
    await app.setLimits('number', { groupRate: { limit: 4, per: '1s' } })
    const jobs = [
      ...Array.from({ length: 50 }, (_, n) => run('echo', n % 3 === 0 ? `g${n % 2}` : '')),
      ...Array.from({ length: 24 }, (_, n) => run('waits', ['a', 'a', 'b', 'c', 'd'][n % 5], { ms: 5 })),
      ...Array.from({ length: 16 }, (_, n) => run('number', n % 2 === 0 ? 'a' : 'b')),
    ]
    await jobs[24]
    first.process.kill('SIGKILL')
    await first.exited
    await startNode(t, 'n1', flags)
    await Promise.all(jobs)
    t.equal(of('echo').length, 50)
    t.ok(mostIn(of('echo'), 1000) <= 20, `${mostIn(of('echo'), 1000)} began in a second`)
    t.equal(of('waits').length, 24)
    t.ok(mostAtOnce(of('waits')) <= 3)
    for (const group of ['a', 'b', 'c', 'd']) t.ok(mostAtOnce(of('waits', group)) <= 1, group)
    for (const group of ['a', 'b']) {
      t.equal(of('number', group).length, 8)
      t.ok(mostIn(of('number', group), 1000) <= 4, group)
    }
  },
)

t.test('what is paused waits, and the others do not; resumed, it goes on', async (t) => {
  const { app, address } = await startApp(t)
  await startNode(t, 'n1', [...toApp(address), '--store', 'memory', '--concurrency', '1'])
  await app.ready
  const order: string[] = []
  const run = (value: string, options: EnqueueOptions = {}) =>
    app.enqueue('echo', { value }, options, () => order.push(value))
  await app.pause({ name: 'echo', group: 'acme' })
  const acme = run('acme', { group: 'acme' })
  await acme.accepted
  await run('other', { group: 'other' }).result()
  await app.pause({ name: 'echo' })
  const plain = [run('plain'), run('urgent', { priority: -1 })]
  await Promise.all(plain.map(({ accepted }) => accepted))
  await app.enqueue('number').result()
  t.same(order, ['other'])
  await app.resume({ name: 'echo' })
  await Promise.all(plain.map((one) => one.result()))
  t.same(order, ['other', 'urgent', 'plain'])
  await app.resume({ name: 'echo', group: 'acme' })
  await acme.result()
})

t.test('a job of a name that no child knows runs when new children know it', async (t) => {
  const { app, address } = await startApp(t)
  const jobs = folder(t)
  const define = (name: string) => {
    const from = JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)
    writeFileSync(
      join(jobs, `${name}.mjs`),
      `import { job } from ${from}\njob('${name}', () => ({ is: '${name}' }))\n`,
    )
  }
  define('old')
  const own = ['--store', 'memory', '--jobs', jobs, '--unknown-job', 'wait']
  const node = await startNode(t, 'n1', [...toApp(address), ...own])
  await app.ready
  const strange = [
    app.enqueue('new'),
    app.enqueue('new', {}, { group: 'g' }),
    app.enqueue('new', {}, { priority: -1 }),
  ]
  await node.line('job:unknown')
  t.equal((await app.enqueue('old').result()).is, 'old', 'nobody stands behind them')
  define('new')
  node.process.kill('SIGUSR1')
  for (const handle of strange) t.equal((await handle.result()).is, 'new')
})

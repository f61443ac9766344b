import { join } from 'node:path'
import t, { type Test } from 'tap'
import { pack } from '#dist/src/bytes/codec.js'
import { folder, randomOf, startApp, startNode, toApp } from './harness.js'
import { enqueueOf, RawPeer } from './raw-peer.js'
import { STORES } from './stores.js'

const ROUNDS = Number(process.env.JR_TEST_ROUNDS ?? 2)
const SEED = Number(process.env.JR_TEST_SEED ?? Date.now() % 1_000_000)
const MANY = { level: 10_000, redis: 2000 }

for (const [store, many] of Object.entries(MANY)) {
  const flags = STORES[store]
  if (flags === undefined) continue
  t.test(`several jobs are enqueued together, or none of them, ${store} store`, async (t) => {
    const { app, address } = await startApp(t)
    await startNode(t, 'n1', [...toApp(address), ...flags(join(folder(t), 'n1'))])
    await app.ready
    const monitor = app.monitor({ node: 'n1' })

    await t.test('each with its own args, options and feedbacks', async (t) => {
      const told: unknown[] = []
      const all = app.enqueueAll([
        { name: 'echo', args: { value: 1 }, onSuccess: ({ echoed }) => void told.push(echoed) },
        {
          name: 'fails',
          opts: { maxAttempts: 1 },
          onError: ({ error }) => void told.push((error as Error).name),
        },
        { name: 'facts', opts: { id: `own-${store}`, after: 0.01 } },
      ])
      await all.accepted
      t.equal(all.jobs[2].id, `own-${store}`)
      t.match(await all.jobs[2].result(), { facts: { id: `own-${store}`, name: 'facts' } })
      await t.rejects(all.results(), { message: 'it does not work' })
      t.same(told.sort(), [1, 'TypeError'])
    })

    await t.test('when one can not be taken, none is, and each says which', async (t) => {
      const there = app.enqueue('echo', {}, { id: `there-${store}`, after: '1h' })
      const key = app.enqueue('echo', {}, { unique: 'key', after: '1h' })
      await Promise.all([there.accepted, key.accepted])
      const tag = { tags: ['none of them'] }
      for (const [third, code, job] of [
        [{ name: 'echo', opts: { id: there.id } }, 'JR_DUPLICATE', there.id],
        [{ name: 'echo', opts: { unique: 'key' } }, 'JR_DUPLICATE', key.id],
        [{ name: 'nobody_knows_it' }, 'JR_NO_SUCH_JOB', undefined],
      ] as const) {
        const told: string[] = []
        const onError = ({ error }: { error: { code: string } }) => void told.push(error.code)
        const one = { name: 'echo', opts: tag, onError }
        const all = app.enqueueAll([one, one, { ...third, onError }])
        await t.rejects(
          all.accepted,
          { code, message: /^of 3 jobs .* because of jobs\[2\]/, job },
          third.name,
        )
        for (const handle of all.jobs) await t.rejects(handle.result(), { code })
        t.same(told, [code, code, code])
      }
      t.same((await monitor.jobsFor({ tag: 'none of them' })).jobs, [])
      t.equal(await there.cancel(), 'cancelled', 'what was there goes on')
      await key.cancel()
    })

    await t.test('keys that two of them want', async (t) => {
      const unique = { key: 'both' }
      const all = app.enqueueAll([
        { name: 'echo', opts: { unique } },
        { name: 'echo', opts: { unique } },
      ])
      await t.rejects(all.accepted, { code: 'JR_DUPLICATE', message: /jobs\[1\]/ })
    })

    await t.test(`${many} of them`, async (t) => {
      const jobs = Array.from({ length: many }, (_, value) => ({ name: 'echo', args: { value } }))
      const all = app.enqueueAll(jobs)
      // What is enqueued behind them does not wait for them.
      const behind = app.enqueue('echo', { value: -1 })
      await all.accepted
      await behind.result()
      const results = await all.results()
      t.same(results.at(-1), { value: many - 1, echoed: many - 1 })
    })
  })
}

t.test('bad ones are refused at once, with the path, and nothing is enqueued', async (t) => {
  const { app } = await startApp(t)
  const good = { name: 'echo' }
  const cases: [unknown, RegExp][] = [
    [3, /^enqueueAll: expected a list of jobs, got number/],
    [[good, 'echo'], /^jobs\[1\]: expected \{ name, args, opts, … \}, got 'echo'/],
    [[good, { name: '' }], /^jobs\[1\]\.name: expected text/],
    [[{ name: 'echo', options: {} }], /^jobs\[0\]\.options: no such field; known: name, args/],
    [[good, { ...good, args: { a: { b: () => {} } } }], /^jobs\[1\]\.args\.a\.b is a function/],
    [[good, { ...good, opts: { after: 'x' } }], /^jobs\[1\]\.opts\.after: expected/],
    [[good, { ...good, onError: 1 }], /^jobs\[1\]: onError must be a function/],
    [
      [
        { ...good, opts: { id: 'a' } },
        { ...good, opts: { id: 'a' } },
      ],
      /^jobs\[1\]\.opts\.id: 'a' is that of jobs\[0\]/,
    ],
    [
      ['a', 'b'].map((node) => ({ ...good, opts: { node, strictNode: true } })),
      /^jobs\[1\]\.opts\.node: expected 'a', as jobs\[0\] is for that node alone/,
    ],
    [Array(10_001).fill(good), /^jobs: expected at most 10000 jobs, got 10001/],
    [
      Array(9).fill({ ...good, args: { value: Buffer.alloc(1 << 20) } }),
      /^jobs\[7\]: with it the jobs take more than 8388608 bytes/,
    ],
  ]
  for (const [jobs, message] of cases)
    t.throws(() => app.enqueueAll(jobs as never), { name: 'TypeError', message })
  t.same(app.enqueueAll([]).jobs, [])
  await app.enqueueAll([]).accepted
  t.same(await app.stop({ timeout: 0 }), { notAccepted: 0 })
})

t.test('while they wait for a node', async (t) => {
  const { app, address } = await startApp(t)
  const all = app.enqueueAll([{ name: 'echo', args: { value: 1 } }, { name: 'waits' }])
  const cancelled = all.jobs[1].cancel()
  await startNode(t, 'n1', [...toApp(address), '--store', 'memory'])
  await all.accepted
  t.match(await all.jobs[0].result(), { echoed: 1 })
  t.match(await cancelled, /^cancell/, 'one of them is cancelled when a node has them')
  await t.rejects(all.jobs[1].result(), { code: 'JR_CANCELLED' })
})

t.test(
  `${ROUNDS} rounds of kill -9 of the node while it takes them: all of them are there, or none (seed ${SEED})`,
  async (t) => {
    const random = randomOf(SEED)
    for (let round = 0; round < ROUNDS; round++) await killed(t, random())
  },
)

async function killed(t: Test, chance: number): Promise<void> {
  const [dir, count] = [folder(t), 2000]
  const flags = ['--listen', '127.0.0.1:0', '--dir', dir]
  const node = await startNode(t, 'n1', flags)
  const [host = '', port] = node.address.split(':')
  const peer = await RawPeer.dial(t, 'distributor', { host, port: Number(port) })
  await peer.until(() => peer.has(({ type }) => type === 'welcome'))
  const [args, delayMs] = [pack({}), 3_600_000]
  for (let i = 1; i <= count; i++)
    peer.send({ ...enqueueOf(i, { id: `j${i}`, args }, { delayMs }), more: i < count })
  const isAccepted = () => peer.has((message) => message.type === 'accepted' && message.number === count)
  const kill = () => node.process.kill('SIGKILL')
  const killing = setTimeout(kill, chance * 300)
  // At the latest then; the connection is closed when it was killed before.
  peer.until(isAccepted).then(kill, () => {})
  await node.exited
  clearTimeout(killing)
  const accepted = isAccepted()
  const { app, address } = await startApp(t)
  await startNode(t, 'n1', [...toApp(address), '--dir', dir])
  await app.ready
  const waiting = await app.monitor({ node: 'n1' }).destroyAll({ dryRun: true })
  t.ok(waiting === count || (waiting === 0 && !accepted), `${waiting} are there, accepted: ${accepted}`)
}

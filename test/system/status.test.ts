import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ALL_CHILDREN, folder, startApp, startNode, toApp, until } from './harness.js'

t.test('what a node says of itself, and what is asked of its children', async (t) => {
  const { app, address } = await startApp(t, { name: 'shop' })
  const dir = join(folder(t), 'data')
  const secret = join(folder(t), 'env')
  writeFileSync(secret, 'TOKEN=hush\n')
  const flags = [...toApp(address), ...ALL_CHILDREN, '--dir', dir, '--env-file', secret, '--env', 'PASS']
  const { pid } = await startNode(t, 'n1', flags, {
    JR_REDIS_URL: 'redis://me:hush@127.0.0.1:1',
    PASS: 'hush',
  })
  await app.ready
  const node = app.monitor({ node: 'n1' })
  const children = async (kind: string) => (await node.status()).children.filter((one) => one.kind === kind)

  await t.test('status', async (t) => {
    const running = app.enqueue('waits', {})
    await until(async () => (await node.load(running.id))?.state === 'running')
    await until(async () => (await node.status()).children.every(({ state }) => state === 'ready'))
    const [status, ...others] = await app.monitor().statuses()
    t.same(others, [])
    t.match(status, {
      node: 'n1',
      version: /^\d+\.\d+\.\d+/,
      runtime: process.version,
      pid,
      paused: null,
      draining: null,
      store: { kind: 'level', where: dir, fine: true, error: null },
      most: { children: 1, deferred: 1 },
      apps: [{ name: 'shop' }],
    })
    const { startedAt, at, memory, store, apps, children, options } = status as NonNullable<typeof status>
    t.ok(startedAt < at && Math.abs(Date.now() - at.getTime()) < 60_000)
    t.ok((apps[0]?.connectedAt ?? 0) >= startedAt)
    t.ok(memory > 10_000_000 && (store.bytes ?? 0) > 0 && (store.freeBytes ?? 0) > 0)
    t.same(children.map(({ kind }) => kind).sort(), ['deferred', 'evented', 'standby'])
    t.equal(new Set(children.map(({ pid }) => pid)).size, 3)
    for (const child of children) t.ok((child.memory ?? 0) > 10_000_000 && child.startedAt >= startedAt)
    const busy = children.find(({ kind }) => kind === 'evented')
    t.match(busy, { done: 0, runningCount: 1, running: [{ id: running.id, name: 'waits', attempt: 1 }] })
    const option = (name: string) => options.find((one) => one.name === name)
    t.same(option('deferredChildren'), { name: 'deferredChildren', value: '1', source: 'flag' })
    t.same(option('maxAttempts'), { name: 'maxAttempts', value: '10', source: 'default' })
    t.same(option('redisUrl')?.source, 'environment')
    t.same(option('listen'), { name: 'listen', value: null, source: 'unset' })
    t.notMatch(JSON.stringify(status), /hush/, 'secrets are in no answer')
    await running.cancel()
    await until(async () => (await node.status()).children.some(({ done }) => done === 1))
  })

  await t.test('resize and recycle', async (t) => {
    t.same(await node.resize({ children: 2 }), { children: 2, deferred: 1 })
    t.same(await app.monitor().resizeFor('n1', { deferred: 0 }), { children: 2, deferred: 0 })
    await t.rejects(node.resize({ children: 0 }), { code: 'JR_BAD_CONFIG' })
    await t.rejects(node.resize({ children: -1 }), TypeError)
    await until(async () => (await children('evented')).filter(({ state }) => state === 'ready').length === 2)
    await until(async () => (await children('deferred')).length === 0)

    const job = app.enqueue('waits', {})
    await until(async () => (await node.load(job.id))?.state === 'running')
    const worker = (await children('evented')).find(({ runningCount }) => runningCount === 1)
    t.equal(await node.recycle({ pid: worker?.pid ?? 0 }), 1)
    t.equal(await node.recycle({ pid: worker?.pid ?? 0 }), 0, 'it is to end already')
    const old = async () => (await node.status()).children.find(({ pid }) => pid === worker?.pid)
    t.match(await old(), { state: 'retiring', runningCount: 1 }, 'what runs there goes on')
    await until(async () => (await children('evented')).filter(({ state }) => state === 'ready').length === 2)
    await job.cancel()
    await until(async () => (await old()) === undefined)
    const before = (await node.status()).children.map(({ pid }) => pid)
    await until(async () => (await node.status()).children.every(({ state }) => state === 'ready'))
    t.equal(await app.monitor().recycleFor('n1'), 3)
    await until(async () => {
      const now = (await node.status()).children
      return now.length === 3 && now.every(({ pid, state }) => state === 'ready' && !before.includes(pid))
    })
    t.match(await app.enqueue('number', {}).result(), {})
  })

  await t.test('series', async (t) => {
    const failed = app.enqueue('callback_fails', {})
    await t.rejects(failed.result())
    const sum = (counts: readonly number[] = []) => counts.reduce((all, one) => all + one, 0)
    const { at, minute, hour, day } = await app.monitor().series({ name: 'callback_fails' })
    t.ok(Math.abs(Date.now() - at.getTime()) < 60_000)
    t.same(
      [minute, hour, day].map(({ stepMs, completed, failed }) => [stepMs, completed.length, sum(failed)]),
      [
        [1000, 60, 1],
        [60_000, 60, 1],
        [3_600_000, 24, 1],
      ],
    )
    t.equal(sum((await node.series()).hour.completed), 1)
    t.equal(sum((await node.series({ name: 'nobody' })).hour.completed), 0)
    const { all } = (await node.counts()) ?? {}
    t.equal(sum(all.runBuckets.counts), all.runBuckets.count)
  })

  await t.test('failures', async (t) => {
    const { groups, looked, more } = await app.monitor().failures()
    t.same([looked, more], [1, false])
    t.match(groups, [{ name: 'callback_fails', message: 'in the callback', count: 1 }])
    t.equal((await node.load(groups[0]?.example ?? ''))?.state, 'failed')
    t.same((await node.failures({ name: 'echo' })).groups, [])
  })

  await t.test('flows', async (t) => {
    const ids = ['one', 'two', 'two more']
    const flows = ids.map((id) =>
      app.flow({ id, jobs: { a: { name: 'waits' }, b: { name: 'number', needs: ['a'] } } }),
    )
    const ended = flows.map((flow) => flow.result().catch(() => null))
    await Promise.all(flows.map((flow) => flow.accepted))
    await until(async () => (await node.flow('one'))?.counts.running === 1)
    const first = await node.flows({ limit: 2 })
    t.same(
      first.flows.map(({ id }) => id),
      ['one', 'two'],
    )
    t.match(first.flows[0]?.counts, { running: 1, blocked: 1, completed: 0 })
    const { flows: last, next } = await app.monitor().flowsFor('n1', { after: first.next ?? '' })
    t.same([last.map(({ id }) => id), next], [['two more'], null])
    t.match(await app.monitor().flow('two'), { id: 'two', node: 'n1', counts: { blocked: 1 } })
    t.equal(await app.monitor().flow('nobody'), null)
    for (const id of ids) t.equal(await app.monitor().cancelFlow(id), 2)
    await Promise.all(ended)
    await until(async () => (await node.flows()).flows.length === 0)
  })

  await t.test('drain', async (t) => {
    const held = app.enqueue('waits', { ms: 1 }, { after: 0.5 })
    await held.accepted
    t.equal(await node.drain(true), true)
    t.equal(await node.drain(true), false, 'it does')
    await until(() => app.nodes()[0]?.status === 'draining')
    t.match((await node.status()).draining, { by: 'shop' })
    const late = app.enqueue('number', {})
    t.match(await held.result(), { waited: true }, 'what is there runs')
    await t.rejects(late.result({ timeout: 50 }), /\(n1\) drain: they take no new jobs/)
    t.equal(await app.monitor().drainFor('n1', false), true)
    await late.accepted
  })
})

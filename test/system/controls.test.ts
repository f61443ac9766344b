import t from 'tap'
import { jr } from '../cli/jr.js'
import { folder, startApp, startNode, toApp, until } from './harness.js'

t.test('what is set for a node and its names is there after the node was killed', async (t) => {
  const { app, address } = await startApp(t, { name: 'shop' })
  const flags = [...toApp(address), '--dir', folder(t)]
  const node = await startNode(t, 'n1', flags)
  await app.ready
  const limits = { concurrency: 2, groupRate: { limit: 5, per: '1s' } }
  await app.setLimits('echo', limits)
  await app.pause({ name: 'echo', group: 'acme' })
  await app.pause({ name: 'later' })
  await node.line('limits:set', 'echo', '5', 'shop')
  await node.line('jobs:paused', 'echo', 'acme', 'shop')
  t.same(await app.pause(), { changed: ['n1'], unchanged: [], failed: [] })
  t.same(await app.pause({ node: 'n1' }), { changed: [], unchanged: ['n1'], failed: [] })
  const job = app.enqueue('echo', { value: 1 })
  await job.accepted
  node.process.kill('SIGCONT')
  node.process.kill('SIGKILL')
  await until(() => app.nodes()[0]?.status === 'disconnected')
  await t.rejects(app.resume(), { code: 'JR_CONNECTION' }, 'no node has done it')

  const next = await startNode(t, 'n1', flags)
  await next.line('node:paused')
  await until(() => app.nodes()[0]?.status === 'paused')
  const [there] = await app.names({ node: 'n1' })
  const found = (name: string) => there?.names.find((one) => one.name === name)
  t.match(there, { node: 'n1', paused: { by: 'shop' } })
  t.match(found('echo'), {
    known: true,
    limits,
    jobFileLimits: {},
    limitsSet: { by: 'shop' },
    paused: null,
    pausedGroups: [{ group: 'acme', by: 'shop' }],
  })
  t.match(found('later'), { known: false, limits: {}, limitsSet: null, paused: { by: 'shop' } })
  t.match(found('facts'), { known: true, limitsSet: null })
  t.match((await app.monitor().load(job.id))?.waits, {
    reason: 'node-paused',
    text: /^node paused by shop since 20\S+Z$/,
  })
  t.same(await app.resume({ node: 'n1' }), { changed: ['n1'], unchanged: [], failed: [] })
  await job.result()
  await app.setLimits('echo', null)
  t.match((await app.names())[0], { paused: null })
})

t.test('jobs that are kept back say by what, and go on when it is over', async (t) => {
  const { app, address } = await startApp(t, { name: 'shop' })
  const flags = ['--store', 'memory', '--listen', '127.0.0.1:0', '--unknown-job', 'wait']
  const node = await startNode(t, 'n1', [...toApp(address), ...flags])
  await app.ready
  const why = async ({ id }: { id: string }) => (await app.monitor().load(id))?.waits?.text
  const says = (job: { id: string }, text: RegExp) => until(async () => text.test((await why(job)) ?? ''))

  await app.setLimits('waits', { concurrency: 2, groupConcurrency: 1 })
  const first = app.enqueue('waits', {}, { group: 'acme' })
  await until(async () => (await app.monitor().load(first.id))?.state === 'running')
  const second = app.enqueue('waits', { ms: 1 }, { group: 'acme' })
  await says(second, /^limit of group acme, 1 of 1 running$/)
  await app.setLimits('waits', { concurrency: 1 })
  await says(second, /^limit of waits, 1 of 1 running$/)

  await app.setLimits('echo', { rate: { limit: 1, per: '1h' } })
  await app.enqueue('echo', {}).result()
  const third = app.enqueue('echo', {})
  await says(third, /^rate of echo: 1 per 1h, next at 20\S+Z$/)
  const { waits } = (await app.monitor().load(third.id)) ?? {}
  t.ok((waits?.until?.getTime() ?? 0) > Date.now() + 30 * 60_000)

  await app.pause({ name: 'facts', group: 'acme' })
  const fourth = app.enqueue('facts', {}, { group: 'acme' })
  t.match(await app.enqueue('facts', {}, { group: 'smith' }).result(), { facts: { node: 'n1' } })
  await says(fourth, /^group acme paused by shop since 20\S+Z$/)
  await app.pause({ name: 'facts' })
  await says(fourth, /^paused by shop since 20\S+Z$/)
  const listed = await jr(['jobs', '--name', 'facts', '--node', node.address])
  t.match(listed.out, /^ID .* APP +WAITS +LAST ERROR$/m)
  t.match(listed.out, /^\S+ +facts +available .* shop +paused by shop since 20\S+Z$/m)

  for (const what of [{ name: 'facts' }, { name: 'facts', group: 'acme' }]) await app.resume(what)
  await app.setLimits('echo', null)
  await app.setLimits('waits', {})
  await Promise.all([second.result(), third.result(), fourth.result()])
  await first.cancel()
  await t.rejects(first.result(), { code: 'JR_CANCELLED' })
})

t.test('what is asked wrongly is refused with its path, and what is asked of nobody is said', async (t) => {
  const { app } = await startApp(t)
  const nobody = { code: 'JR_CONNECTION', message: 'no node is connected' }
  await t.rejects(app.names(), nobody)
  await t.rejects(app.pause(), nobody)
  const away = { code: 'JR_CONNECTION', message: /no node 'n9' has ever connected/ }
  await t.rejects(app.pause({ node: 'n9' }), away)
  await t.rejects(app.setLimits('echo', { rate: { limit: 0, per: 1 } }), {
    name: 'TypeError',
    message: /^limits\.rate\.limit: expected/,
  })
  const wrong: [object, RegExp][] = [
    [{ group: 'acme' }, /^pause: name: expected the name whose group it is/],
    [{ name: 'a', group: 'b\0' }, /^pause: group: expected text of 1 to 128/],
    [{ nam: 'a' }, /^pause: nam: expected absent; known are name, group/],
    [{ name: 'a', node: '' }, /^node: expected/],
  ]
  for (const [what, message] of wrong) await t.rejects(app.pause(what), { name: 'TypeError', message })
})

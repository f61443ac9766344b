import t from 'tap'
import { folder, startApp, startNode, toApp, until } from './harness.js'

t.test('a node that was paused starts paused, also after it was killed, until it is resumed', async (t) => {
  const { app, address } = await startApp(t, { name: 'shop' })
  const flags = [...toApp(address), '--dir', folder(t)]
  const node = await startNode(t, 'n1', flags)
  await app.ready
  t.same(await app.pause(), { changed: ['n1'], unchanged: [], failed: [] })
  t.same(await app.pause({ node: 'n1' }), { changed: [], unchanged: ['n1'], failed: [] })
  const job = app.enqueue('echo', { value: 1 })
  await job.accepted
  node.process.kill('SIGCONT')
  node.process.kill('SIGKILL')
  await node.exited
  await until(() => app.nodes()[0]?.status === 'disconnected')
  await t.rejects(app.resume(), { code: 'JR_CONNECTION' }, 'no node has done it')
  const next = await startNode(t, 'n1', flags)
  await next.line('node:paused')
  await until(() => app.nodes()[0]?.status === 'paused')
  t.match(await app.names(), [{ node: 'n1', paused: { by: 'shop' } }])
  t.same(await app.resume({ node: 'n1' }), { changed: ['n1'], unchanged: [], failed: [] })
  await job.result()
  t.match(await app.names(), [{ paused: null }])
})

t.test(
  'limits and pauses that are set are there after a restart, and those of job files under them',
  async (t) => {
    const { app, address } = await startApp(t, { name: 'shop' })
    const flags = [...toApp(address), '--dir', folder(t)]
    const node = await startNode(t, 'n1', flags)
    await app.ready
    const limits = { concurrency: 2, groupRate: { limit: 5, per: '1s' } }
    await app.setLimits('echo', limits)
    await app.pause({ name: 'echo', group: 'acme' })
    await app.pause({ name: 'later' })
    node.process.kill('SIGKILL')
    await node.exited
    await startNode(t, 'n1', flags)
    await until(() => app.nodes()[0]?.status === 'running')
    const [names] = await app.names({ node: 'n1' })
    const found = (name: string) => names?.names.find((one) => one.name === name)
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
    await app.setLimits('echo', null)
    t.same((await app.names())[0]?.names.find(({ name }) => name === 'echo')?.limitsSet, null)
  },
)

t.test('what is asked wrongly is refused with its path, and what is asked of nobody is said', async (t) => {
  const { app, address } = await startApp(t)
  await t.rejects(app.names(), { code: 'JR_CONNECTION', message: 'no node is connected' })
  await t.rejects(app.setLimits('echo', { rate: { limit: 0, per: 1 } }), {
    name: 'TypeError',
    message: /^limits\.rate\.limit: expected/,
  })
  await startNode(t, 'n1', [...toApp(address), '--store', 'memory'])
  await app.ready
  const wrong: [object, RegExp][] = [
    [{ group: 'acme' }, /^pause: name: expected the name whose group it is/],
    [{ name: 'a', group: 'b\0' }, /^pause: group: expected text of 1 to 128/],
    [{ nam: 'a' }, /^pause: nam: expected absent; known are name, group/],
    [{ name: 'a', node: '' }, /^node: expected/],
  ]
  for (const [what, message] of wrong) await t.rejects(app.pause(what), { name: 'TypeError', message })
  const away = { code: 'JR_CONNECTION', message: /no node 'n9' has ever connected/ }
  await t.rejects(app.pause({ node: 'n9' }), away)
})

import t from 'tap'
import type { Distributor } from '#dist/distributor/index.js'
import type { EnqueueOptions } from '#dist/src/job/enqueue-options.js'
import { startRedis, withoutRedis } from '../store-redis/redis-server.js'
import { folder, type NodeProcess, startApp, startNode, toApp, until } from './harness.js'

const ONE_AT_A_TIME = ['--children', '1', '--concurrency', '1']

/** What the node takes waits from now on, and is there to be put in order. */
async function pause(app: Distributor, { process }: NodeProcess): Promise<void> {
  process.kill('SIGUSR2')
  await until(() => app.nodes()[0]?.status === 'paused')
}

/** Jobs of `name` in the order in which they end; `go` when all have been accepted. */
function inOrder(
  app: Distributor,
  jobs: readonly [what: string, options: EnqueueOptions][],
): { accepted: Promise<unknown>; ended: Promise<string[]> } {
  const order: string[] = []
  const handles = jobs.map(([what, options]) =>
    app.enqueue('echo', { value: what }, options, () => {
      order.push(what)
    }),
  )
  const ended = Promise.all(handles.map((handle) => handle.result())).then(() => order)
  return { accepted: Promise.all(handles.map(({ accepted }) => accepted)), ended }
}

const available = async (app: Distributor, count: number) =>
  until(async () => (await app.monitor().jobsFor('n1', { state: 'available' })).jobs.length === count)

t.test('what is due begins by priority, then due time, then order of arrival', async (t) => {
  const { app, address } = await startApp(t)
  const dir = folder(t)
  const start = () => startNode(t, 'n1', [...toApp(address), ...ONE_AT_A_TIME, '--dir', dir])
  const node = await start()
  await app.ready
  const flaky: string[] = []
  const retried = app.enqueue('flaky', {}, { priority: -1, backoff: 1 }, () => {
    flaky.push('retried')
  })
  await node.line('job:retryable')
  await pause(app, node)
  const { accepted, ended } = inOrder(app, [
    ['last', { priority: 2 ** 31 - 1 }],
    ['5', { priority: 5 }],
    ['none, first', {}],
    ['delayed, 5', { priority: 5, after: 0.01 }],
    ['none, second', { priority: 0 }],
    ['delayed, -2', { priority: -2, after: 0.3 }],
    ['-1', { priority: -1 }],
    ['delayed, none', { after: 0.2 }],
    ['first', { priority: -(2 ** 31) }],
  ])
  await accepted
  await available(app, 10)
  const { jobs } = await app.monitor().jobsFor('n1', { state: 'available' })
  t.equal(jobs.filter(({ terms }) => terms.priority === 5).length, 2, 'monitors show it')
  node.process.kill('SIGCONT')
  t.same(await ended, [
    'first',
    'delayed, -2',
    '-1',
    'none, first',
    'none, second',
    'delayed, none',
    '5',
    'delayed, 5',
    'last',
  ])
  t.match(await retried.result(), { attempts: 3 })
  t.same(flaky, ['retried'])
})

t.test('a node that starts keeps the order', async (t) => {
  const { app, address } = await startApp(t)
  const flags = [...toApp(address), ...ONE_AT_A_TIME, '--dir', folder(t)]
  const node = await startNode(t, 'n1', flags)
  await app.ready
  await pause(app, node)
  const priorities = [3, -1, 0, 2, -7, 1]
  const { accepted, ended } = inOrder(
    app,
    priorities.map((priority) => [String(priority), { priority }]),
  )
  await accepted
  node.process.kill('SIGKILL')
  await startNode(t, 'n1', flags)
  t.same(await ended, ['-7', '-1', '0', '1', '2', '3'])
})

t.test('a job goes to a node that takes its priority, or is refused', async (t) => {
  const { app, address } = await startApp(t)
  const start = (name: string, ...flags: string[]) =>
    startNode(t, name, [...toApp(address), '--store', 'memory', ...flags])
  await start('urgent', '--max-priority=-1')
  await start('rest', '--min-priority=0', '--max-priority=100')
  await until(() => app.nodes().length === 2)
  const ran = async (options: EnqueueOptions) => {
    const job = app.enqueue('facts', {}, options)
    return (await job.result()).facts as { node: string }
  }
  for (let i = 0; i < 5; i++) {
    t.match(await ran({ priority: -1 - i }), { node: 'urgent' })
    t.match(await ran({ priority: i }), { node: 'rest' })
  }
  t.match(await ran({}), { node: 'rest' })
  t.match(
    await ran({ priority: 1, node: 'urgent' }),
    { node: 'rest' },
    'rather than the node that is preferred',
  )
  await t.rejects(app.enqueue('facts', {}, { priority: 101 }).result(), {
    code: 'JR_NO_NODE',
    message: /takes its priority, 101/,
  })
  const held = app.enqueue('facts', {}, { priority: 101, node: 'more', strictNode: true })
  await start('more', '--min-priority=101')
  t.match(await held.result(), { facts: { node: 'more' } })
})

const noRedis = withoutRedis()
t.test(
  'a node that takes over jobs keeps their order, and leaves those out of its range',
  { skip: noRedis },
  async (t) => {
    const { url } = await startRedis(t)
    const { app, address } = await startApp(t)
    const flags = [...toApp(address), '--store', 'redis', '--redis-url', url, '--lease', '1s']
    const lost = await startNode(t, 'n1', flags)
    await app.ready
    await pause(app, lost)
    const priorities = [3, -1, 0, 2, -7, 1]
    const { accepted, ended } = inOrder(
      app,
      priorities.map((priority) => [String(priority), { priority }]),
    )
    const out = app.enqueue('facts', {}, { priority: 4 })
    await Promise.all([accepted, out.accepted])
    lost.process.kill('SIGKILL')
    await startNode(t, 'n2', [...flags, ...ONE_AT_A_TIME, '--max-priority=3'])
    t.same(await ended, ['-7', '-1', '0', '1', '2', '3'])
    await startNode(t, 'n3', flags)
    t.match(await out.result(), { facts: { node: 'n3' } })
  },
)

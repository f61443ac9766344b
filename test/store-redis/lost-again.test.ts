import t, { type Test } from 'tap'
import { event, startApp, startNode, toApp, until } from '../system/harness.js'
import { adminOf } from './admin.js'
import { type App, LEASE_MS } from './load.js'
import { type RedisServer, startRedis, withoutRedis } from './redis-server.js'

/** Nodes that are connected when they are there. */
function starter(t: Test, redis: RedisServer, { app, address }: App) {
  const flags = ['--store', 'redis', '--redis-url', redis.url, '--lease', `${LEASE_MS}ms`, ...toApp(address)]
  return async (name: string) => {
    const connected = event(app, 'node:connected', (node: { name: string }) => node.name === name)
    const node = await startNode(t, name, flags)
    await connected
    return node
  }
}

const noRedis = withoutRedis()
if (noRedis !== false) t.skip(noRedis, async () => {})
else {
  t.test('a node that is lost, comes back, and is lost again and again', { timeout: 240_000 }, async (t) => {
    const redis = await startRedis(t)
    const { app, address } = await startApp(t)
    const start = starter(t, redis, { app, address })
    await start('n2')
    for (let times = 0; times < 4; times++) {
      const node = await start('n1')
      const job = app.enqueue('facts', {}, { node: 'n1', after: '1s' })
      const done = job.result()
      await job.accepted
      node.process.kill('SIGKILL')
      await node.exited
      t.match(await done, { facts: { node: 'n2' } }, `the ${times + 1}th time`)
    }
  })

  t.test('a node of which nothing is known any more: its jobs are with others, not lost', async (t) => {
    const redis = await startRedis(t)
    const admin = adminOf(t, redis.port)
    const { app, address } = await startApp(t)
    const lost: unknown[] = []
    app.on('jobs:lost', (event) => lost.push(event))
    const start = starter(t, redis, { app, address })
    await start('n2')
    const node = await start('n1')
    const job = app.enqueue('facts', {}, { node: 'n1', after: '1h' })
    const result = job.result().catch((error) => error.code)
    await job.accepted
    node.process.kill('SIGKILL')
    await node.exited
    // What it has taken is kept for a week then.
    const known = ['{job-reactor}:node:n1', '{job-reactor}:taken:n1']
    await until(async () => (await admin.pttl(known[1] as string)) > 0)
    t.equal(await admin.del(known), 2)
    await start('n1')
    t.equal(await job.cancel(), 'cancelled')
    t.equal(await result, 'JR_CANCELLED')
    t.same(lost, [])
  })
}

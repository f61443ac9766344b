import t from 'tap'
import { event, startApp, startNode, toApp } from '../system/harness.js'
import { hasRedis, startRedis } from './redis-server.js'

if (!hasRedis()) t.pass('no redis-server here')
else {
  t.test('a node that is lost, comes back, and is lost again and again', { timeout: 60_000 }, async (t) => {
    const redis = await startRedis(t)
    const { app, address } = await startApp(t)
    const flags = ['--store', 'redis', '--redis-url', redis.url, '--lease', '500ms', ...toApp(address)]
    const start = async (name: string) => {
      const connected = event(app, 'node:connected', (node: { name: string }) => node.name === name)
      const node = await startNode(t, name, flags)
      await connected
      return node
    }
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
}

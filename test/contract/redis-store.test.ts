import t from 'tap'
import { redisStore, storeContract } from '#dist/src/store/index.js'
import { hasRedis, startRedis } from '../store-redis/redis-server.js'

if (hasRedis()) {
  let made = 0
  t.test('redis', async (t) => {
    const { url } = await startRedis(t)
    for (const { name, run } of storeContract) {
      t.test(name, async () => {
        const prefix = `contract-${made++}`
        const make = () => redisStore({ url, prefix, leaseMs: 10_000, timeoutMs: 10_000, wait: 0 })
        await run(async () => ({ store: make(), reopen: make }))
      })
    }
  })
} else {
  t.pass('no redis-server here: the Redis store is not tested')
}

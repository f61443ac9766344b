import type { Test } from 'tap'
import { redisStore } from '#dist/src/store/index.js'
import type { RedisStoreOptions } from '#dist/src/store/redis/store.js'

/** Opens stores with a lease of so many milliseconds, which close with the test. */
export function openedFor(leaseMs: number) {
  return async (t: Test, url: string, over: Partial<RedisStoreOptions> = {}, node = 'n1') => {
    const store = redisStore({ url, prefix: 'faults', leaseMs, timeoutMs: 10_000, wait: 0, ...over })
    const facts = await store.open(node)
    t.teardown(() => store.close())
    return { store, facts }
  }
}

import t from 'tap'
import { startRedis, withoutRedis } from '../store-redis/redis-server.js'

const noRedis = withoutRedis()
/** Of the test file; null where there is none, which is said. */
export const redis = noRedis === false ? await startRedis(t) : null
if (noRedis !== false) t.skip(noRedis, async () => {})

/** The flags of a node for each kind of store: its folder, or its part of Redis, is `dir`. */
export const STORES: Readonly<Record<string, (dir: string) => string[]>> = {
  level: (dir) => ['--dir', dir],
  memory: () => ['--store', 'memory'],
  ...(redis === null
    ? {}
    : { redis: (dir: string) => ['--store', 'redis', '--redis-url', redis.url, '--redis-prefix', dir] }),
}

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import t from 'tap'
import { CLI, descendants, folder, JOBS, startApp } from '../system/harness.js'
import { startRedis, withoutRedis } from './redis-server.js'

const PASSWORD = 'pass-of-redis'

t.test('jr config shows where Redis is, and no password', async (t) => {
  const env = { PATH: process.env.PATH, JR_REDIS_URL: `redis://jr:${PASSWORD}@10.0.0.5:6379/1` }
  for (const flags of [[], ['--json']]) {
    const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'config', ...flags], { env })
    t.match(stdout, 'redis://jr:***@10.0.0.5:6379/1')
    t.notMatch(stdout, PASSWORD)
  }
})

t.test(
  'a spawned node has the password, others do not see it, and its children do not have it',
  { skip: withoutRedis() },
  async (t) => {
    const redis = await startRedis(t, '--requirepass', PASSWORD)
    const { app } = await startApp(t)
    const node = await app.spawnNode({
      name: 'n1',
      jobs: JOBS,
      store: 'redis',
      redisUrl: `redis://:${PASSWORD}@127.0.0.1:${redis.port}`,
      dir: folder(t),
      logLevel: 'error',
    })
    const { result } = (await app.enqueue('echo', { text: 'hello' }).result()) as { result?: unknown }
    t.ok(result !== null)
    t.notMatch(readFileSync(`/proc/${node.pid}/cmdline`, 'utf8'), PASSWORD)
    const children = descendants(node.pid)
    t.ok(children.length > 0)
    for (const pid of children) {
      t.notMatch(readFileSync(`/proc/${pid}/environ`, 'utf8'), PASSWORD)
      t.notMatch(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), PASSWORD)
    }
  },
)

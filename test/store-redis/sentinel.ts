import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { until } from '../system/harness.js'
import { adminOf } from './admin.js'
import { freePort, REDIS_SERVER, type RedisServer } from './redis-server.js'

/** One Sentinel that decides alone, and quickly. Answers its port when it knows the replica. */
export async function startSentinel(t: Test, master: RedisServer): Promise<number> {
  const port = await freePort()
  const file = join(master.dir, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${master.dir}`,
    `sentinel monitor jobs 127.0.0.1 ${master.port} 1`,
    'sentinel down-after-milliseconds jobs 500',
    'sentinel failover-timeout jobs 2000',
  ]
  writeFileSync(file, lines.join('\n'))
  const child = spawn(REDIS_SERVER, [file, '--sentinel'], { stdio: 'ignore' })
  t.teardown(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  const sentinel = adminOf(t, port)
  await until(async () => ((await sentinel.call('SENTINEL', 'REPLICAS', 'jobs')) as unknown[]).length === 1)
  return port
}

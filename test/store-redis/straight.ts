import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { type JobHandle, RedisMonitor, type RedisMonitorOptions } from '#dist/distributor/index.js'
import { event, type NodeProcess, type startApp, startNode, toApp, until } from '../system/harness.js'
import type { RedisServer } from './redis-server.js'

type App = Awaited<ReturnType<typeof startApp>>

/** `lease`: the default is short enough to be waited for, and long enough that a busy machine does not cost a node its lease. */
export async function startOn(t: Test, name: string, redis: RedisServer, app: App, lease = '3s') {
  const connected = event(app.app, 'node:connected', (node: { name: string }) => node.name === name)
  const store = ['--store', 'redis', '--redis-url', redis.url, '--lease', lease]
  const node = await startNode(t, name, [...store, ...toApp(app.address)])
  await connected
  return node
}

export async function killed(node: NodeProcess): Promise<void> {
  node.process.kill('SIGKILL')
  await node.exited
}

export function monitorOf({ url }: { url: string }, over: Partial<RedisMonitorOptions> = {}): RedisMonitor {
  return new RedisMonitor({ redisUrl: url, ...over })
}

/** How each of these ends: `completed`, or the code of its error. */
export function endsOf(jobs: readonly JobHandle[]): Promise<string[]> {
  const ended = (job: JobHandle) =>
    job.result().then(
      () => 'completed',
      (error) => error.code,
    )
  return Promise.all(jobs.map(ended))
}

export async function running(monitor: RedisMonitor, id: string): Promise<void> {
  await until(async () => (await monitor.load(id))?.state === 'running')
}

export function adminOf(t: Test, { port }: RedisServer): Redis {
  const admin = new Redis(port)
  admin.on('error', () => {})
  t.teardown(() => admin.disconnect())
  return admin
}

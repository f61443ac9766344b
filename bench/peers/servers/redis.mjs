import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { freePort, startServer } from './server.mjs'

export const REDIS = { command: 'redis-server', apt: 'redis-server' }

/** A redis-server that keeps an append-only file; `appendfsync` is 'everysec' or 'always'. */
export async function startRedis(sample, appendfsync) {
  const port = await freePort()
  mkdirSync(sample.dir, { recursive: true })
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: sample.dir,
    save: '',
    appendonly: 'yes',
    appendfsync,
    'maxmemory-policy': 'noeviction',
  }
  const args = Object.entries(settings).flatMap(([key, value]) => [`--${key}`, String(value)])
  await startServer(sample, REDIS.command, args, { port })
  return port
}

export function redisVersion() {
  return /v=([\d.]+)/.exec(execFileSync(REDIS.command, ['--version'], { encoding: 'utf8' }))[1]
}

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { skipFor } from '../required.js'

/** A redis-server of a test, with a port and a folder of its own. */
export interface RedisServer {
  readonly port: number
  readonly url: string
  readonly pid: number
  readonly dir: string
  /** Sends it a signal; with SIGKILL, resolves when it is gone. */
  signal(signal: NodeJS.Signals): Promise<void>
  /** The same again, on the same port and folder, after it was killed. */
  again(): Promise<void>
  stop(): Promise<void>
}

/** Another version, or Valkey, is tested with its program given in `JR_TEST_REDIS_SERVER`. */
export const REDIS_SERVER = process.env.JR_TEST_REDIS_SERVER ?? 'redis-server'

/** Why what needs a redis-server can't be tested here, or false. */
export function withoutRedis(): string | false {
  const { status } = spawnSync(REDIS_SERVER, ['--version'], { stdio: 'ignore' })
  return skipFor('redis', status !== 0 && 'no redis-server here (apt-get install redis-server)')
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Ended with the test. `flags`: more of redis-server's own, `--name value`. */
export async function startRedis(t: Test, ...flags: string[]): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), 'jr-redis-'))
  // Another process may take the port between the look for it and the start.
  for (let tries = 0; ; tries++) {
    const port = await freePort()
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', ...flags]
    try {
      const process_ = await run(args)
      return serverOf(t, process_, args, port, dir)
    } catch (error) {
      if (tries === 5) throw error
    }
  }
}

function serverOf(t: Test, first: ChildProcess, args: string[], port: number, dir: string): RedisServer {
  let current = first
  const gone = async () => {
    if (current.exitCode === null && current.signalCode === null) await once(current, 'exit')
  }
  const stop = async () => {
    current.kill('SIGKILL')
    await gone()
  }
  t.teardown(async () => {
    await stop()
    rmSync(dir, { recursive: true, force: true })
  })
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    dir,
    get pid() {
      return current.pid ?? 0
    },
    async signal(signal) {
      current.kill(signal)
      if (signal === 'SIGKILL') await gone()
    },
    async again() {
      current = await run(args)
    },
    stop,
  }
}

/** Resolves when it takes connections. */
async function run(args: string[]): Promise<ChildProcess> {
  const child = spawn(REDIS_SERVER, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (/ready to accept connections/i.test(said)) resolve()
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`redis-server ended (${code}): ${said.slice(-500)}`)))
  })
  await ready
  child.stdout.removeAllListeners('data').resume()
  return child
}

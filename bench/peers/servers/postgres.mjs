import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, startServer } from './server.mjs'

const DEBIAN = '/usr/lib/postgresql'
export const POSTGRES = { command: program('postgres'), apt: 'postgresql' }

/** Debian keeps the server's programs off the path, a folder for each version. */
function program(name) {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
  const found = versions.map((version) => join(DEBIAN, version, 'bin', name)).find((path) => existsSync(path))
  return found ?? name
}

/** PostgreSQL refuses to run as root. */
function unprivileged(command, args) {
  if (process.getuid() !== 0) return [command, args]
  return ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', command, ...args]]
}

function run(command, args) {
  execFileSync(...unprivileged(command, args), { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' })
}

function give(dir) {
  mkdirSync(dir, { recursive: true })
  if (process.getuid() === 0) execFileSync('chown', ['postgres:postgres', dir])
}

/** A PostgreSQL with its own defaults (fsync and synchronous_commit on). One initdb a run; each sample gets a copy. */
export async function startPostgres(sample) {
  const template = join(sample.cache, 'postgres')
  chmodSync(sample.cache, 0o711)
  if (!existsSync(template)) {
    give(template)
    run(program('initdb'), ['-D', template, '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--locale=C'])
  }
  const data = join(sample.dir, 'postgres')
  chmodSync(sample.root, 0o711)
  give(sample.dir)
  cpSync(template, data, { recursive: true })
  if (process.getuid() === 0) execFileSync('chown', ['-R', 'postgres:postgres', data])
  chmodSync(data, 0o700)
  const port = await freePort()
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'shared_buffers=512MB']
  const args = ['-D', data, '-p', String(port), ...settings.flatMap((one) => ['-c', one])]
  const url = `postgres://bench@127.0.0.1:${port}/postgres`
  const { default: pg } = await import('pg')
  await startServer(sample, ...unprivileged(POSTGRES.command, args), {
    port,
    // The port answers before the server takes queries.
    isReady: () => takesQueries(pg, url),
    signal: 'SIGINT',
  })
  return url
}

async function takesQueries(pg, url) {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.end()
    return true
  } catch {
    return false
  }
}

export function postgresVersion() {
  return /([\d.]+)/.exec(execFileSync(POSTGRES.command, ['--version'], { encoding: 'utf8' }))[1]
}

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { sleep, systemClock } from '../../src/clock.js'
import { JrError } from '../../src/errors.js'
import { NODE_OPTIONS, type NodeValues } from '../../src/options/node-options.js'
import { withoutPassword } from '../../src/secret.js'
import { SYSTEM } from '../../src/surroundings.js'
import { type Address, formatAddress } from '../../src/wire/address.js'
import { EXIT } from '../exit-codes.js'
import { DOCTOR_HELP } from '../help.js'
import { nodeOptions, readCommandLine } from '../options.js'
import { columns, paintFor } from '../terminal.js'

interface Finding {
  readonly check: string
  readonly ok: boolean
  /** Not a failure, and worth knowing. */
  readonly warning?: boolean
  readonly text: string
}

const OLDEST_NODE = [20, 19] as const
const LEAST_FREE_BYTES = 512 * 1024 * 1024
/** The numbers by which Linux knows file systems of other machines: NFS, SMB, CIFS, Ceph, 9P, FUSE. */
const REMOTE_FILE_SYSTEMS = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x00c36400, 0x01021997, 0x65735546,
])

/** `jr doctor`: each check really does what a node will do. */
export async function run(argv: string[]): Promise<number> {
  const { flags } = readCommandLine(argv, NODE_OPTIONS, [
    { name: 'config', type: 'string' },
    { name: 'json', type: 'boolean' },
    { name: 'help', type: 'boolean' },
  ])
  if (flags.help === true) {
    process.stdout.write(DOCTOR_HELP)
    return EXIT.ok
  }
  const { values } = nodeOptions(flags, process.env)
  const dir = resolve(values.dir ?? 'data')
  const findings = [
    nodeVersion(),
    ...(values.store === 'redis' ? [await redis(values)] : [await natives(dir), diskSpace(dir)]),
    jobFolder(resolve(values.jobs)),
    await port(values.listen),
    await clock(),
    childProcess(),
  ]
  const failed = findings.some(({ ok }) => !ok)
  if (flags.json === true) process.stdout.write(`${JSON.stringify({ ok: !failed, findings }, null, 2)}\n`)
  else {
    const paint = paintFor(process.stdout)
    const mark = ({ ok, warning }: Finding) =>
      ok ? (warning === true ? 'note' : paint.good('ok')) : paint.bad('FAILED')
    process.stdout.write(
      `${columns(findings.map((finding) => [finding.check, mark(finding), finding.text]))}\n`,
    )
  }
  return failed ? EXIT.failed : EXIT.ok
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const ok = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])
  const text = ok
    ? process.version
    : `${process.version}; job-reactor needs ${OLDEST_NODE.join('.')} or newer`
  return { check: 'Node.js', ok, text }
}

/** Opens a LevelDB beside the data, and times real writes that wait for the disk. */
async function natives(dir: string): Promise<Finding> {
  const check = 'LevelDB'
  let scratch = ''
  let made: string | undefined
  try {
    made = mkdirSync(dir, { recursive: true, mode: 0o700 })
    scratch = mkdtempSync(join(dir, 'doctor-'))
    const { levelStore } = await import('../../src/store/level/store.js')
    const store = levelStore({ dir: scratch })
    await store.open('doctor')
    const times: number[] = []
    for (let i = 0; i < 20; i++) {
      const from = systemClock.mono()
      await store.commit([{ kind: 'acknowledge', distributor: 'doctor', seqs: [i] }], true)
      times.push(systemClock.mono() - from)
    }
    await store.close()
    const median = times.sort((a, b) => a - b)[10] ?? 0
    return {
      check,
      ok: true,
      text: `works in ${dir}; a write that waits for the disk takes ${median.toFixed(2)} ms`,
    }
  } catch (error) {
    return { check, ok: false, text: `${reason(error)} (in ${dir})` }
  } finally {
    if (scratch !== '') rmSync(scratch, { recursive: true, force: true })
    // The folders that were not there before it looked.
    if (made !== undefined) rmSync(made, { recursive: true, force: true })
  }
}

function diskSpace(dir: string): Finding {
  const check = 'disk'
  const there = existing(dir)
  const { type, bavail, bsize } = statfsSync(there)
  const free = bavail * bsize
  const text = `${(free / 1e9).toFixed(1)} GB free at ${there}`
  if (REMOTE_FILE_SYSTEMS.has(type)) {
    return {
      check,
      ok: true,
      warning: true,
      text: `${text}; a network file system may acknowledge what it loses`,
    }
  }
  return { check, ok: free > LEAST_FREE_BYTES, text: free > LEAST_FREE_BYTES ? text : `${text}: too little` }
}

/** Really connects, writes and listens, as a node does. */
async function redis(values: NodeValues): Promise<Finding> {
  const check = 'Redis'
  const where = { url: values.redisUrl, prefix: values.redisPrefix, timeoutMs: values.redisTimeoutMs }
  try {
    const { examineRedis } = await import('../../src/store/redis/examination.js')
    const { version, writeMs, notes } = await examineRedis(where, SYSTEM)
    const text = `${version || 'some version'} at ${withoutPassword(where.url)}; a write takes ${writeMs.toFixed(2)} ms`
    return { check, ok: true, warning: notes.length > 0, text: [text, ...notes].join('; ') }
  } catch (error) {
    return { check, ok: false, text: `${reason(error)} (at ${withoutPassword(where.url)})` }
  }
}

function jobFolder(dir: string): Finding {
  const check = 'job files'
  if (existsSync(dir)) return { check, ok: true, text: dir }
  return { check, ok: true, warning: true, text: `${dir} is not there (option jobs)` }
}

async function port(address: Address | undefined): Promise<Finding> {
  const check = 'address'
  if (address === undefined) return { check, ok: true, text: 'listens nowhere (option listen)' }
  return new Promise((done) => {
    const server = createServer()
    server.once('error', (error) =>
      done({ check, ok: false, text: `${formatAddress(address)}: ${error.message}` }),
    )
    server.listen('path' in address ? { path: address.path } : address, () => {
      server.close(() => done({ check, ok: true, text: `${formatAddress(address)} is free` }))
    })
  })
}

/** A wall clock that runs apart from the monotonic one is being set while we look. */
async function clock(): Promise<Finding> {
  const check = 'clock'
  const wall = systemClock.now()
  const mono = systemClock.mono()
  await sleep(systemClock, 200)
  const now = new Date(systemClock.now())
  const drift = Math.abs(now.getTime() - wall - (systemClock.mono() - mono))
  if (now.getFullYear() < 2026)
    return { check, ok: false, text: `it says ${now.toISOString()}, which can't be` }
  const ok = drift < 50
  return { check, ok, text: ok ? now.toISOString() : `it jumped by ${drift.toFixed(0)} ms in 200 ms` }
}

function childProcess(): Finding {
  const { status, error } = spawnSync(process.execPath, ['-e', 'process.exit(7)'], { stdio: 'ignore' })
  const ok = status === 7
  return {
    check: 'children',
    ok,
    text: ok ? 'processes can be started' : `no process can be started: ${error?.message}`,
  }
}

function existing(dir: string): string {
  return existsSync(dir) || dirname(dir) === dir ? dir : existing(dirname(dir))
}

function reason(error: unknown): string {
  return error instanceof JrError ? `${error.code}: ${error.message}` : String(error)
}

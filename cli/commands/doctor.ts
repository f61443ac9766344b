import { closeSync, existsSync, fdatasyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sleep, systemClock } from '../../src/clock.js'
import { JrError } from '../../src/errors.js'
import { NODE_OPTIONS, type NodeValues } from '../../src/options/node-options.js'
import { withoutPassword } from '../../src/options/secret.js'
import { SYSTEM } from '../../src/surroundings.js'
import { messageOf } from '../../src/thrown.js'
import { type Address, formatAddress } from '../../src/wire/address.js'
import { EXIT } from '../exit-codes.js'
import { DOCTOR_HELP } from '../help-machine.js'
import { nodeOptions, readCommandLine } from '../options.js'
import { columns, paintFor } from '../terminal.js'
import { NODE_WEB_FLAGS } from '../web-flags.js'

interface Finding {
  readonly check: string
  readonly ok: boolean
  /** Not a failure, and worth knowing. */
  readonly warning?: boolean
  readonly text: string
}

const OLDEST_NODE = [20, 19] as const
const ANY_PORT: Address = { host: '127.0.0.1', port: 0 }
const WRITES = 20
const LEAST_FREE_BYTES = 512 * 1024 * 1024
/** The numbers by which Linux knows file systems of other machines: NFS, SMB, CIFS, Ceph, 9P, FUSE. */
const REMOTE_FILE_SYSTEMS = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x00c36400, 0x01021997, 0x65735546,
])

/** `jr doctor`: each check really does what a node will do. */
export async function run(argv: string[]): Promise<number> {
  const { flags } = readCommandLine(argv, NODE_OPTIONS, [
    { name: 'config', type: 'string' },
    // They take all that jr node takes; where the dashboard is, is no option of the node.
    ...NODE_WEB_FLAGS,
    { name: 'json', type: 'boolean' },
    { name: 'help', type: 'boolean' },
  ])
  if (flags.help === true) {
    process.stdout.write(DOCTOR_HELP)
    return EXIT.ok
  }
  const { values, from } = nodeOptions(flags, process.env)
  const bare = Object.values(from).every((source) => source === 'default')
  const findings = [
    nodeVersion(),
    ...(await (bare ? anyNode(values) : thisNode(values))),
    ...(values.store === 'redis' ? [await redis(values)] : [disk(resolve(values.dir ?? 'data'))]),
    await clock(),
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

/** Without options: whether a node could live here, with job files of ours where there are none. */
async function anyNode(values: NodeValues): Promise<Finding[]> {
  const jobs = existsSync(values.jobs) ? values.jobs : fileURLToPath(new URL('../demo/jobs', import.meta.url))
  const [, ...findings] = await thisNode({ ...values, name: 'doctor', listen: ANY_PORT, jobs })
  const text = 'no options are given: this is about the machine alone'
  return [{ check: 'configuration', ok: true, warning: true, text }, ...findings]
}

/** What `jr node` with these options would refuse, found by the start of a node itself. */
async function thisNode(values: NodeValues): Promise<Finding[]> {
  const notes: string[] = []
  try {
    const { rehearseSettledNode } = await import('../../start-node.js')
    const found = await rehearseSettledNode(values, (note) => notes.push(note))
    const { failures, defined, dir, jobs } = found
    const finding = (check: string, failure: string | undefined, well: string, warning = false): Finding =>
      failure === undefined ? { check, ok: true, warning, text: well } : { check, ok: false, text: failure }
    const { listen, distribute, store } = values
    const stored = [`${store === 'level' ? dir : 'in memory'}`, ...notes].join('; ')
    return [
      { check: 'configuration', ok: true, text: `node ${values.name}` },
      ...(store === 'redis' ? [] : [finding('store', failures.store, stored, notes.length > 0)]),
      finding('jobs', failures.children, `${defined} defined in ${jobs}`),
      finding('address', failures.address, whether(listen)),
      ...(distribute === undefined ? [] : [finding('distribute', failures.distribute, whether(distribute))]),
    ]
  } catch (error) {
    return [{ check: 'configuration', ok: false, text: reason(error) }]
  }
}

function whether(listen: Address | undefined): string {
  return listen === undefined ? 'listens nowhere (option listen)' : `${formatAddress(listen)} is free`
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const ok = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])
  const text = ok
    ? process.version
    : `${process.version}; job-reactor needs ${OLDEST_NODE.join('.')} or newer`
  return { check: 'Node.js', ok, text }
}

/** How much room there is where the data will be, and what a write that waits for the disk takes there. */
function disk(dir: string): Finding {
  const check = 'disk'
  const there = existing(dir)
  try {
    const { type, bavail, bsize } = statfsSync(there)
    const free = bavail * bsize
    const room = `${(free / 1e9).toFixed(1)} GB free at ${there}`
    if (free < LEAST_FREE_BYTES) return { check, ok: false, text: `${room}: too little` }
    const text = `${room}; a write that waits for the disk takes ${writeMs(there).toFixed(2)} ms`
    if (!REMOTE_FILE_SYSTEMS.has(type)) return { check, ok: true, text }
    return {
      check,
      ok: true,
      warning: true,
      text: `${text}; a network file system may acknowledge what it loses`,
    }
  } catch (error) {
    return { check, ok: false, text: `${messageOf(error)} (at ${there})` }
  }
}

/** The median of a few. */
function writeMs(dir: string): number {
  const file = join(dir, `.jr-doctor-${process.pid}`)
  const fd = openSync(file, 'wx', 0o600)
  try {
    const times: number[] = []
    for (let i = 0; i < WRITES; i++) {
      const from = systemClock.mono()
      writeSync(fd, 'x'.repeat(200))
      fdatasyncSync(fd)
      times.push(systemClock.mono() - from)
    }
    return times.sort((a, b) => a - b)[WRITES / 2] ?? 0
  } finally {
    closeSync(fd)
    rmSync(file)
  }
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

function existing(dir: string): string {
  return existsSync(dir) || dirname(dir) === dir ? dir : existing(dirname(dir))
}

function reason(error: unknown): string {
  return error instanceof JrError ? `${error.code}: ${error.message}` : String(error)
}

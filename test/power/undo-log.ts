import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { skipFor } from '../required.js'

const COMPILER = process.env.CC ?? 'cc'

/** Why losses of power can't be tested here, or false. */
export function withoutPowerLoss(): string | false {
  if (process.platform !== 'linux')
    return skipFor('cc', 'losses of power are made with what Linux has (LD_PRELOAD)')
  const { status } = spawnSync(COMPILER, ['--version'], { stdio: 'ignore' })
  return skipFor('cc', status !== 0 && 'no C compiler here (apt-get install gcc libc6-dev)')
}

/** Compiled into this folder; answers the library that is to be loaded. */
export function undoLibrary(dir: string): string {
  const library = join(dir, 'undo-log.so')
  const flags = ['-shared', '-fPIC', '-O2', '-Wall', '-Werror', '-o', library]
  const { status, stderr } = spawnSync(COMPILER, [...flags, 'test/power/undo-log.c', '-ldl', '-lpthread'])
  if (status !== 0) throw new Error(`undo-log.c cannot be compiled: ${stderr}`)
  return library
}

/** One entry of the log (`undo-log.c`). */
export interface Undo {
  readonly kind: string
  readonly paths: readonly string[]
  readonly ino: number
  readonly at: number
  readonly length: number
  readonly oldSize: number
  readonly old: Buffer
}

/** A folder that is written to, and beside it what its writer has not synced. */
export interface PoweredFolder {
  /** Given to the writer, or anything below it. */
  readonly dir: string
  /** The environment of the writer. */
  readonly env: Record<string, string>
  readonly log: string
  readonly kept: string
}

export interface PowerOptions {
  readonly library: string
  /** Milliseconds that a sync takes: the longer, the more is under way when the power goes. */
  readonly syncMs?: number
  /** The power is lost at this entry of the log, from 1. Absent: the test kills the writer. */
  readonly lostAt?: number
}

/** A new one below `root`, or one in whose folder there is something already. */
export function powered(root: string, { library, syncMs = 1, lostAt }: PowerOptions): PoweredFolder {
  const dir = join(root, 'disk')
  const log = join(root, 'undo')
  mkdirSync(dir, { recursive: true })
  rmSync(`${log}.kept`, { recursive: true, force: true })
  mkdirSync(`${log}.kept`)
  closeSync(openSync(log, 'w'))
  const env = {
    LD_PRELOAD: library,
    // Calls that do not go through the C library would not be seen.
    UV_USE_IO_URING: '0',
    JR_POWER_DIR: dir,
    JR_POWER_LOG: log,
    JR_POWER_SYNC: String(Math.round(syncMs * 1000)),
    ...(lostAt === undefined ? {} : { JR_POWER_AT: String(lostAt) }),
  }
  return { dir, log, kept: `${log}.kept`, env }
}

const HEAD = 48

/** The entries, in the order in which things were done. Of the last, only a part may be there. */
export function readUndoLog({ log }: Pick<PoweredFolder, 'log'>): Undo[] {
  const bytes = existsSync(log) ? readFileSync(log) : Buffer.alloc(0)
  const undos: Undo[] = []
  for (let at = 0; at + HEAD <= bytes.length; ) {
    const [ino, offset, length, oldSize, oldBytes] = [8, 16, 24, 32, 40].map((field) =>
      Number(bytes.readBigUInt64LE(at + field)),
    ) as [number, number, number, number, number]
    const paths = at + HEAD + bytes.readUInt32LE(at + 4)
    const end = paths + oldBytes
    if (end > bytes.length) break
    undos.push({
      kind: String.fromCharCode(bytes.readUInt32LE(at)),
      paths: bytes
        .subarray(at + HEAD, paths)
        .toString()
        .split('\0')
        .slice(0, -1),
      ino,
      at: offset,
      length,
      oldSize,
      old: bytes.subarray(paths, end),
    })
    at = end
  }
  return undos
}

import { closeSync, fdatasyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { percentile } from './statistics.mjs'

const PROBES = 300
const EXT4 = 0xef53
const FILE_SYSTEMS = {
  [EXT4]: 'ext4',
  22092: 'overlayfs',
  16914836: 'tmpfs',
  1481003842: 'xfs',
  2435016766: 'btrfs',
}

/** How long an fsync of 4 KiB appended to a file in `dir` takes, in ms, so many times. */
export function fsyncTimes(dir, count) {
  const file = join(dir, 'probe')
  const fd = openSync(file, 'w')
  const block = Buffer.alloc(4096, 'x')
  const times = []
  for (let i = 0; i < count; i++) {
    writeSync(fd, block)
    const at = performance.now()
    fdatasyncSync(fd)
    times.push(performance.now() - at)
  }
  closeSync(fd)
  rmSync(file)
  return times
}

/** The machine, with what one fsync costs on the disk that has `dir`. */
export function describeMachine(dir) {
  const times = fsyncTimes(dir, PROBES)
  const type = statfsSync(dir).type
  return {
    cpu: `${cpus().length} × ${cpus()[0].model.trim()}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `Linux ${release()}`,
    fileSystem: FILE_SYSTEMS[type] ?? `0x${type.toString(16)}`,
    fsyncMsP50: round(percentile(times, 0.5)),
    fsyncMsP99: round(percentile(times, 0.99)),
  }
}

function round(ms) {
  return Math.round(ms * 1000) / 1000
}

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { skipFor } from '../required.js'

/** Why a test can't have a small disk of its own here, or false. */
export function withoutSmallDisk(): string | false {
  const dir = mkdtempSync(join(tmpdir(), 'jr-disk-'))
  const failure = mount(dir, 1)
  if (failure === false) unmount(dir)
  rmdirSync(dir)
  return skipFor('mount', failure)
}

/** Makes this folder a disk of so many MiB, until the test ends. */
export function smallDisk(t: Test, dir: string, mib: number): void {
  const failure = mount(dir, mib)
  if (failure !== false) throw new Error(failure)
  t.teardown(() => unmount(dir))
}

function mount(dir: string, mib: number): string | false {
  const args = ['-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', dir]
  const { status, stderr, error } = spawnSync('mount', args, { encoding: 'utf8' })
  return status === 0
    ? false
    : `only root can mount a small disk (${error?.message ?? stderr.split('\n')[0]})`
}

/** Also when a process that is still ending has files open there. */
function unmount(dir: string): void {
  spawnSync('umount', ['-l', dir])
}

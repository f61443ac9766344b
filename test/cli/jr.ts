import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Test } from 'tap'

/** The command as it is built. */
export const CLI = resolve('dist/cli/main.js')

export interface Result {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs it in an environment that has nothing else. */
export function jr(
  args: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Result> {
  const vars = Object.entries({ PATH: process.env.PATH ?? '', ...options.env }).map(
    ([key, value]) => `${key}=${value}`,
  )
  return new Promise((done) => {
    const child = execFile(
      'env',
      ['-i', ...vars, process.execPath, CLI, ...args],
      { cwd: options.cwd, timeout: 120_000 },
      (_error, out, err) => {
        done({ code: child.exitCode ?? -1, out, err })
      },
    )
  })
}

export function folder(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'jr-cli-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

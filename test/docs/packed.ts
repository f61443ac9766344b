import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import '../plain-processes.js'

const run = promisify(execFile)

/** Without the variables that npm and tap set for their own children. */
export const ENV = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' }

const { files } = JSON.parse(readFileSync('package.json', 'utf8')) as { files: string[] }

/** Whether a file of the repository is in the package: npm always adds these two. */
export function isPacked(path: string): boolean {
  return [...files, 'README.md', 'LICENSE'].some((name) => path === name || path.startsWith(`${name}/`))
}

export interface Installed {
  /** A project that has the package as its one dependency. */
  readonly dir: string
  /** What is in the package. */
  readonly paths: readonly string[]
}

/** Packs the package as it is built, and installs it into an empty project, which goes with the test. */
export async function installPacked(t: Test): Promise<Installed> {
  const dir = mkdtempSync(join(tmpdir(), 'jr-package-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', dir]
  const { stdout } = await run('npm', pack, { env: ENV })
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }]
  writeFileSync(join(dir, 'package.json'), '{ "private": true, "type": "module" }')
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', join(dir, filename)]
  await run('npm', install, { cwd: dir, env: ENV })
  return { dir, paths: files.map(({ path }) => path) }
}

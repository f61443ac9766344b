import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Test } from 'tap'
import type { Distributor } from '#dist/distributor/index.js'
import { HIGHEST_TERM } from '#dist/src/job/terms/agreed.js'
import { folder } from './harness.js'

/** A build that is as this one, and has one term more: `later`. It stands for the next version. */
export interface NextVersion {
  readonly cli: string
  readonly app: new () => Distributor
}

export async function nextVersion(t: Test): Promise<NextVersion> {
  const dir = folder(t)
  cpSync('dist', join(dir, 'dist'), { recursive: true })
  for (const beside of ['package.json', 'lua', 'node_modules'])
    symlinkSync(resolve(beside), join(dir, beside))
  const table = join(dir, 'dist/src/job/terms/table.js')
  const before = readFileSync(table, 'utf8')
  const entry = `later: flag(${HIGHEST_TERM + 1}, 'Of the next version.'),`
  const after = before.replace('export const TERMS = {', (start) => `${start} ${entry}`)
  if (after === before) throw new Error(`${table} has no table of terms`)
  writeFileSync(table, after)
  const { Distributor: app } = await import(pathToFileURL(join(dir, 'dist/distributor/index.js')).href)
  return { cli: join(dir, 'dist/cli/main.js'), app }
}

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

export interface Script {
  readonly name: ScriptName
  readonly text: string
  readonly sha: string
}

const NAMES = [
  'open',
  'commit',
  'renew',
  'read',
  'lanes',
  'prune',
  'fence',
  'bury',
  'nodes',
  'destroy',
] as const
export type ScriptName = (typeof NAMES)[number]
export type Scripts = Readonly<Record<ScriptName, Script>>

/** Scripts that consist of several files: each goes on in the next. */
const PARTS: Partial<Record<ScriptName, readonly string[]>> = {
  commit: ['notes', 'commit', 'single'],
  prune: ['notes', 'prune'],
  bury: ['notes', 'bury'],
  destroy: ['notes', 'destroy'],
}

/** The same from the sources and from the installed package: `dist` and `lua` are beside each other. */
const FOLDER = new URL('../../../../lua/', import.meta.url)

export function readScripts(): Scripts {
  const entries = NAMES.map((name) => {
    const files = (PARTS[name] ?? [name]).map((part) => readFileSync(new URL(`${part}.lua`, FOLDER), 'utf8'))
    const text = files.join('\n')
    return [name, { name, text, sha: createHash('sha1').update(text).digest('hex') }]
  })
  return Object.fromEntries(entries)
}

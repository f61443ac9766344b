import { shown } from './duration.js'

/** Variables and their values (what is undefined is left out), or the names of variables that this process has. */
export type Variables = Readonly<Record<string, string | undefined>> | readonly string[] | string

const ALLOWED = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'TZ',
  'TMPDIR',
  'TMP',
  'TEMP',
  'TERM',
  'NODE_ENV',
  'NODE_EXTRA_CA_CERTS',
  // Windows does not start a process without these.
  'SYSTEMROOT',
  'WINDIR',
  'COMSPEC',
  'PATHEXT',
  'APPDATA',
  'LOCALAPPDATA',
  'USERPROFILE',
])

/** The variables of a process that we start: a list of harmless ones from ours, and those that were asked for. Never more. */
export function allowedEnv(
  ours: NodeJS.ProcessEnv,
  extra: Readonly<Record<string, string>>,
): Record<string, string> {
  const env: Record<string, string> = {}
  for (const [key, value] of Object.entries(ours)) {
    const name = key.toUpperCase()
    if (value !== undefined && (ALLOWED.has(name) || name.startsWith('LC_'))) env[key] = value
  }
  return { ...env, ...extra }
}

/** In the environment of a spawned node: the names of what its app has and does not give it. */
export const WITHHELD = 'JR_WITHHELD'

/** What tools of all kinds ask for, and nobody misses; and our own. */
const NOT_MISSED = /^(JR_|NODE_|npm_)|^(CI|COLORTERM|DEBUG|FORCE_COLOR|NO_COLOR)$/

/** The names of the variables that `allowedEnv` leaves out, of those that job code may miss. */
export function withheldNames(ours: NodeJS.ProcessEnv, extra: Readonly<Record<string, string>>): string[] {
  const passed = allowedEnv(ours, extra)
  return Object.keys(ours).filter((name) => passed[name] === undefined && !NOT_MISSED.test(name))
}

/**
 * Variables as they are given: an object of values (what is undefined is left out), the same as JSON, or names of
 * variables that `ours` has: a list, or text with commas. Throws a TypeError.
 */
export function parseVariables(
  value: unknown,
  where: string,
  ours: NodeJS.ProcessEnv,
): Readonly<Record<string, string>> {
  if (typeof value === 'string' && value.startsWith('{'))
    return parseVariables(parseJson(value, where), where, ours)
  const names = typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value
  if (Array.isArray(names)) return Object.fromEntries(names.map((name) => [name, named(name, where, ours)]))
  if (typeof names !== 'object' || names === null) {
    throw new TypeError(
      `${where}: expected an object of variables, or names of variables, got ${shown(value)}`,
    )
  }
  const entries = Object.entries(names).filter(([, text]) => text !== undefined)
  for (const [name, text] of entries) {
    if (typeof text !== 'string') throw new TypeError(`${where}.${name}: expected text, got ${shown(text)}`)
  }
  return Object.fromEntries(entries)
}

function named(name: unknown, where: string, ours: NodeJS.ProcessEnv): string {
  if (typeof name !== 'string' || name === '' || name.includes('=')) {
    throw new TypeError(`${where}: expected the name of a variable, such as DATABASE_URL, got ${shown(name)}`)
  }
  const value = ours[name]
  if (value === undefined) throw new TypeError(`${where}: this process has no variable ${name} to pass on`)
  return value
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The text may hold passwords.
    throw new TypeError(`${where}: expected an object in JSON, or names of variables`)
  }
}

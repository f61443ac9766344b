import type { GivenLimits, GivenRate } from '../../src/job/limits.js'
import { checked, NAME, wholeFrom } from '../../src/rules.js'
import { LIMITS_HELP } from '../help.js'
import { limitWords } from '../limit-words.js'
import { type OnNode, onNode } from '../on-node.js'
import type { CommandLine } from '../options.js'
import { asJson, columns, print, printable } from '../terminal.js'

type Flags = CommandLine['flags']

const EXTRA = [
  { name: 'concurrency', type: 'string' },
  { name: 'rate', type: 'string' },
  { name: 'group-concurrency', type: 'string' },
  { name: 'group-rate', type: 'string' },
  { name: 'none', type: 'boolean' },
  { name: 'default', type: 'boolean' },
] as const

/** `jr limits`: shows the limits of names, and sets them. */
export function run(argv: string[]): Promise<number> {
  return onNode(argv, { name: 'limits', help: LIMITS_HELP, most: 1, extra: EXTRA }, ([name], flags) => {
    if (name !== undefined) checked(NAME, name, 'NAME')
    const limits = limitsOf(flags)
    if (limits === undefined) return show(name, flags.json === true)
    if (name === undefined) throw new TypeError('expected NAME: whose limits to set')
    return set(name, limits, flags.json === true)
  })
}

function show(only: string | undefined, json: boolean): OnNode {
  return async (app, node) => {
    const [found] = await app.names({ node })
    const limited = found?.names.filter(({ name, limits, limitsSet }) =>
      only === undefined ? limitsSet !== null || Object.keys(limits).length > 0 : name === only,
    )
    const names = (limited ?? []).map(({ name, limits, jobFileLimits, limitsSet }) => {
      return { name, limits, jobFileLimits, limitsSet }
    })
    if (json) return print(asJson({ node, names }))
    if (names.length === 0) return print('no limits')
    const rows = names.map((one) => [printable(one.name), printable(limitWords(one) || 'none')])
    return print(columns([['NAME', 'LIMITS'], ...rows]))
  }
}

function set(name: string, limits: GivenLimits | null, json: boolean): OnNode {
  return async (app, node) => {
    const { changed } = await app.setLimits(name, limits, { node })
    const [found] = await app.names({ node })
    const now = found?.names.find((one) => one.name === name)
    if (json) return print(asJson({ node, name, changed: changed.length > 0, limits: now?.limits ?? {} }))
    const words = now === undefined ? '' : limitWords(now)
    return print(`${printable(name)} on ${printable(node)}: ${printable(words || 'no limits')}`)
  }
}

/** Undefined: none is to be set. */
function limitsOf(flags: Flags): GivenLimits | null | undefined {
  const { none = false, default: back = false } = flags
  const limits: GivenLimits = {
    ...count(flags, 'concurrency', 'concurrency'),
    ...rate(flags, 'rate', 'rate'),
    ...count(flags, 'group-concurrency', 'groupConcurrency'),
    ...rate(flags, 'group-rate', 'groupRate'),
  }
  const some = Object.keys(limits).length > 0
  if ([some, none, back].filter((one) => one === true).length > 1)
    throw new TypeError('expected limits, or --none, or --default')
  if (back === true) return null
  return some || none === true ? limits : undefined
}

function count(flags: Flags, flag: string, key: keyof GivenLimits): GivenLimits {
  const value = flags[flag]
  if (value === undefined) return {}
  const given = /^\d+$/.test(String(value)) ? Number(value) : value
  return { [key]: checked(wholeFrom(1, 2 ** 31 - 1), given, `flag --${flag}`) }
}

function rate(flags: Flags, flag: string, key: keyof GivenLimits): GivenLimits {
  const value = flags[flag]
  if (value === undefined) return {}
  const [, limit, per] = /^(\d+)\/(.+)$/.exec(String(value)) ?? []
  if (limit === undefined || per === undefined)
    throw new TypeError(`flag --${flag}: expected N/TIME, such as 100/1m, got '${value}'`)
  const given: GivenRate = { limit: Number(limit), per }
  return { [key]: given }
}

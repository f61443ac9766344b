import { packArgs } from '../bytes/values.js'
import { type EnqueueOptions, parseTime } from '../job/enqueue-options.js'
import { partOf } from '../job/terms/agreed.js'
import type { TermOptions } from '../job/terms/table.js'
import type { JobArgs } from '../job/types.js'
import { shown } from '../options/duration.js'
import { BYTES, DURATION_MS, givenDuration, NAME, WHOLE } from '../rules.js'
import { exactly, type FormOf, listOf, one, optional } from './form.js'

/** What a waiting job is to have in place of what it has. */
export interface JobUpdate {
  /** In place of its args. */
  readonly args?: JobArgs
  /** Terms in place of those that it has; null: without this one. `after` or `runAt`: when it is due, counted from now. */
  readonly opts?: { readonly [Key in keyof TermOptions]?: TermOptions[Key] | null } & Pick<
    EnqueueOptions,
    'after' | 'runAt'
  >
}

/** The same as it crosses: args packed, terms as a block, and the names of those that go. */
export const UPDATE = exactly({
  args: optional(one(BYTES)),
  terms: optional(one(BYTES)),
  without: optional(listOf(one(NAME))),
  delayMs: optional(one(DURATION_MS)),
  runAt: optional(one(WHOLE)),
})
export type ParsedUpdate = FormOf<typeof UPDATE>

const KNOWN = ['args', 'opts']
const BESIDE = ['after', 'runAt']

/** Throws a TypeError with the path of what is wrong. */
export function parseUpdate(update: JobUpdate): ParsedUpdate {
  if (typeof update !== 'object' || update === null)
    throw new TypeError(`update: expected { args, opts }, got ${shown(update)}`)
  for (const key in update) {
    if (!KNOWN.includes(key)) throw new TypeError(`update.${key}: no such field; known: ${KNOWN.join(', ')}`)
  }
  const { args, opts = {} } = update
  if (typeof opts !== 'object' || opts === null)
    throw new TypeError(`opts: expected an object, got ${shown(opts)}`)
  if (args === undefined && Object.keys(opts).length === 0)
    throw new TypeError('update: expected args, opts, or both')
  const { after, runAt } = opts
  if (after !== undefined && runAt !== undefined)
    throw new TypeError('opts.after and opts.runAt: expected one of them, got both')
  const all = Object.entries(opts)
  const without = all.filter(([, value]) => value === null).map(([key]) => key)
  const given = Object.fromEntries(all.filter(([, value]) => value !== null))
  const terms = partOf(given, BESIDE)
  return {
    ...(args === undefined ? {} : { args: packArgs(args) }),
    ...(terms.length === 0 ? {} : { terms }),
    ...(without.length === 0 ? {} : { without }),
    ...(after === undefined ? {} : { delayMs: givenDuration(after, 'opts.after') }),
    ...(runAt === undefined ? {} : { runAt: Math.max(0, parseTime(runAt, 'opts.runAt')) }),
  }
}

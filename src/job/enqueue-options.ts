import { shown } from '../options/duration.js'
import { checked, givenDuration, LATEST, NAME } from '../rules.js'
import type { When } from './due.js'
import { type Agreed, agree, NO_TERMS } from './terms/agreed.js'
import type { AllTerms, TermOptions } from './terms/table.js'

/** What may be asked for with one job: when, under which id, and its terms. Every field has a default. */
export interface EnqueueOptions extends TermOptions {
  /** No earlier than this from now: seconds, or a duration: `'250ms'`, `'20s'`, `'5m'`, `'1.5h'`, `'2d'`. Excludes `runAt`. */
  readonly after?: number | string
  /** No earlier than this: a Date, an ISO 8601 string, or epoch milliseconds. In the past: at once. */
  readonly runAt?: Date | string | number
  /**
   * Your own id: as long as a job of this id waits or runs, another one is not made, and this `enqueue` is joined to it. One that
   * has ended makes way for a new one. Default: a fresh id.
   */
  readonly id?: string
}

/** The same, checked. */
export interface ParsedOptions extends When {
  readonly id: string | null
  readonly agreed: Agreed
}

const BESIDE = ['after', 'runAt', 'id']
const AT_ONCE: When = { delayMs: null, runAt: null }
const NONE: ParsedOptions = { id: null, ...AT_ONCE, agreed: NO_TERMS }

/**
 * `strictNode`: where the options name a node, and do not say it. `inner`: terms that follow from what the job is part of. Throws a TypeError with the path of the first bad option
 * (`opts.after: expected …, got …`).
 */
export function parseEnqueueOptions(
  options: EnqueueOptions | undefined | null,
  now: number,
  strictNode = false,
  inner?: AllTerms,
): ParsedOptions {
  if (options === undefined || options === null)
    return inner === undefined ? NONE : { ...NONE, agreed: agree({}, BESIDE, inner) }
  if (typeof options !== 'object') throw new TypeError(`opts: expected an object, got ${shown(options)}`)
  const { after, runAt, id } = options
  if (after !== undefined && runAt !== undefined) {
    throw new TypeError('opts.after and opts.runAt: expected one of them, got both')
  }
  const strict = strictNode && options.node !== undefined && options.strictNode === undefined
  const agreed = agree(strict ? { ...options, strictNode } : options, BESIDE, inner)
  if (id !== undefined && agreed.terms.unique !== undefined) {
    const why = 'a job with an id of your own is the only one of that'
    throw new TypeError(`opts.id and opts.unique: expected one of them, got both: ${why}`)
  }
  const { delayMs, runAt: time } =
    after === undefined ? atTime(runAt, now) : { delayMs: givenDuration(after, 'opts.after'), runAt: null }
  return { id: id === undefined ? null : checked(NAME, id, 'opts.id'), delayMs, runAt: time, agreed }
}

/** A time that is over is no time to wait for, whatever the clock is set to later. */
function atTime(runAt: EnqueueOptions['runAt'], now: number): When {
  if (runAt === undefined) return AT_ONCE
  const time = parseTime(runAt, 'opts.runAt')
  return time > now ? { delayMs: null, runAt: time } : { delayMs: 0, runAt: null }
}

/** Whole epoch milliseconds. Throws a TypeError that names `path`. */
export function parseTime(given: unknown, path: string): number {
  const time = msOfTime(given)
  if (time !== null) return time
  throw new TypeError(
    `${path}: expected a Date, an ISO 8601 string or epoch milliseconds, before the year 3000, got ${shown(given)}`,
  )
}

/** Null when it is no time, or a later one. */
export function msOfTime(given: unknown): number | null {
  const time = given instanceof Date ? given.getTime() : typeof given === 'string' ? Date.parse(given) : given
  return typeof time === 'number' && Number.isFinite(time) && time < LATEST ? Math.ceil(time) : null
}

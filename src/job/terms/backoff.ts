import type { ByteReader } from '../../bytes/byte-reader.js'
import type { ByteWriter } from '../../bytes/byte-writer.js'
import { JrError } from '../../errors.js'
import { shown } from '../../options/duration.js'
import { BACKOFF_SECONDS, received } from '../../rules.js'
import type { Backoff } from '../retry-policy.js'

const TYPES = ['fixed', 'linear', 'exponential'] as const

/** As it travels and as it is stored: seconds alone, or the kind of back-off and what belongs to it. */
export function writeBackoff(w: ByteWriter, backoff: Backoff): void {
  if (typeof backoff === 'number') {
    w.u8(0)
    w.float(backoff)
    return
  }
  const max = 'max' in backoff ? backoff.max : undefined
  const jitter = 'jitter' in backoff ? backoff.jitter : undefined
  w.u8(1 + TYPES.indexOf(backoff.type))
  w.float(backoff.delay)
  w.flag(max !== undefined)
  if (max !== undefined) w.float(max)
  w.flag(jitter !== undefined)
  if (jitter !== undefined) w.flag(jitter)
}

export function readBackoff(r: ByteReader): Backoff {
  const kind = r.u8()
  const delay = seconds(r)
  if (kind === 0) return delay
  const type = TYPES[kind - 1]
  const max = r.flag() ? { max: seconds(r) } : {}
  const jitter = r.flag() ? { jitter: r.flag() } : {}
  if (type === 'fixed') return { type, delay }
  if (type === 'linear') return { type, delay, ...max }
  if (type === 'exponential') return { type, delay, ...max, ...jitter }
  throw new JrError('JR_PROTOCOL', `a backoff of kind ${kind} is not known`)
}

function seconds(r: ByteReader): number {
  return received(BACKOFF_SECONDS, r.float(), 'backoff')
}

/** Answers the backoff when it is one; throws a TypeError that names `path`. */
export function checkBackoff(value: unknown, path: string): Backoff {
  const expected = "seconds, or { type: 'fixed' | 'linear' | 'exponential', delay: seconds, … }"
  const refuse = (): never => {
    throw new TypeError(`${path}: expected ${expected}, got ${shown(value)}`)
  }
  if (typeof value === 'number') return isSeconds(value) ? value : refuse()
  if (typeof value !== 'object' || value === null) return refuse()
  const { type, delay, max, jitter, ...rest }: Record<string, unknown> = { ...value }
  const [extra] = Object.keys(rest)
  if (extra !== undefined)
    throw new TypeError(`${path}.${extra}: no such option; known: type, delay, max, jitter`)
  if (!isSeconds(delay))
    throw new TypeError(`${path}.delay: expected ${BACKOFF_SECONDS.says}, got ${shown(delay)}`)
  if (max !== undefined && !isSeconds(max))
    throw new TypeError(`${path}.max: expected ${BACKOFF_SECONDS.says}, got ${shown(max)}`)
  if (jitter !== undefined && typeof jitter !== 'boolean')
    throw new TypeError(`${path}.jitter: expected true or false`)
  const most = max === undefined ? {} : { max }
  if (type === 'fixed') return { type, delay }
  if (type === 'linear') return { type, delay, ...most }
  if (type === 'exponential') return { type, delay, ...most, ...(jitter === undefined ? {} : { jitter }) }
  return refuse()
}

const isSeconds = BACKOFF_SECONDS.meets

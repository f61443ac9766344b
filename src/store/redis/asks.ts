import { pack, unpackChecked } from '../../bytes/codec.js'
import { packError, unpackError } from '../../bytes/error-record.js'
import { ERROR_CODES, type ErrorCode, JrError } from '../../errors.js'
import { ACT_ANSWERS, type Act, type ActAnswer, isAct } from '../../verbs/acts.js'
import { understood } from '../../verbs/form.js'
import { type ParsedUpdate, UPDATE } from '../../verbs/update.js'

/**
 * What one who is no node asks of a node over Redis, and what it is told. Whoever may publish in this Redis may have
 * written it: nothing that does not have this form is heard.
 */
export interface Ask {
  /** Who asks, and so where the answer goes. */
  readonly asker: string
  /** The same when it is asked again, for want of an answer: it is done once. */
  readonly id: string
  /** What is to be done to these jobs. */
  readonly act: Act
  readonly ids: readonly string[]
  /** Goes with that act. */
  readonly update?: ParsedUpdate
}

/** For each of the ids what became of it; or what went wrong. */
export interface Told {
  readonly id: string
  readonly answers: readonly ActAnswer[] | JrError
}

/** Jobs that one ask may name. */
export const LARGEST_ASK = 500

const NAME = /^[\w-]{1,64}$/

export function encodeAsk(ask: Ask): Buffer {
  return pack(ask)
}

/** Null when it is none. */
export function decodeAsk(message: Buffer): Ask | null {
  return fromOthers(message, ({ asker, id, act, ids, update }) => {
    if (!isName(asker) || !isName(id) || !isAct(act) || !Array.isArray(ids) || ids.length > LARGEST_ASK)
      return null
    if (!ids.every((one) => typeof one === 'string')) return null
    if (act !== 'update') return { asker, id, act, ids }
    return { asker, id, act, ids, update: understood(UPDATE, update, 'update') }
  })
}

export function encodeTold({ id, answers }: Told): Buffer {
  return pack(answers instanceof JrError ? { id, error: packError(answers) } : { id, answers })
}

/** Null when it is none. */
export function decodeTold(message: Buffer): Told | null {
  return fromOthers(message, ({ id, answers, error }) => {
    if (!isName(id)) return null
    if (Buffer.isBuffer(error)) {
      const { code, message } = unpackError(error)
      const known =
        typeof code === 'string' && Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'JR_STORE'
      return { id, answers: new JrError(known, message) }
    }
    const right = Array.isArray(answers) && answers.every((one) => ACT_ANSWERS.includes(one))
    return right ? { id, answers } : null
  })
}

function fromOthers<T>(message: Buffer, read: (fields: Record<string, unknown>) => T | null): T | null {
  try {
    const value = unpackChecked(message)
    return typeof value === 'object' && value !== null ? read({ ...value }) : null
  } catch (error) {
    // Nobody is there to be told: who wrote this does not wait for an answer of ours.
    if (error instanceof JrError && error.code === 'JR_PROTOCOL') return null
    throw error
  }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME.test(value)
}

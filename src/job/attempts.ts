import type { ByteReader } from '../bytes/byte-reader.js'
import type { ByteWriter } from '../bytes/byte-writer.js'

/** Why an attempt failed. */
export interface AttemptError {
  readonly name: string
  readonly message: string
  readonly code: string
  /** Empty: there is none. */
  readonly stack: string
}

/** One attempt that is over, as the record of its job keeps it. */
export interface PastAttempt {
  /** From 1; 0: none had begun when the job failed. */
  readonly number: number
  readonly node: string
  /** Process id of the child; 0: none ran it, or it is not known. */
  readonly child: number
  /** Epoch milliseconds; 0 when none had begun. */
  readonly startedAt: number
  readonly finishedAt: number
  /** Null: it has completed. */
  readonly error: AttemptError | null
}

export const NO_ATTEMPTS: readonly PastAttempt[] = Object.freeze([])

const MOST = 10
/** UTF-16 units: of the last attempt, and of those before it. */
const LONGEST = { name: 128, message: 1024, code: 256, stack: 2048 } as const
const LONGEST_OLD = { ...LONGEST, message: 512, stack: 512 } as const

/** The last ten with this one, each within its bounds. */
export function withAttempt(attempts: readonly PastAttempt[], one: PastAttempt): readonly PastAttempt[] {
  const before = attempts.slice(1 - MOST)
  const last = before.pop()
  return [...before, ...(last === undefined ? [] : [cut(last, LONGEST_OLD)]), cut(one, LONGEST)]
}

function cut(attempt: PastAttempt, most: { readonly [Part in keyof AttemptError]: number }): PastAttempt {
  const { error } = attempt
  if (error === null) return attempt
  const { name, message, code, stack } = error
  const short = {
    name: name.slice(0, most.name),
    message: message.slice(0, most.message),
    code: code.slice(0, most.code),
    stack: stack.slice(0, most.stack),
  }
  return { ...attempt, error: short }
}

/** Why the last of them failed; null when it has not, or there is none. */
export function lastError(attempts: readonly PastAttempt[]): AttemptError | null {
  return attempts.at(-1)?.error ?? null
}

/** Letters of what they carry. */
export function bytesOfAttempts(attempts: readonly PastAttempt[]): number {
  let bytes = 0
  for (const { error } of attempts) if (error !== null) bytes += error.message.length + error.stack.length
  return bytes
}

export function writeAttempts(w: ByteWriter, attempts: readonly PastAttempt[]): void {
  w.uint(attempts.length)
  for (const { number, node, child, startedAt, finishedAt, error } of attempts) {
    w.uint(number)
    w.text(node)
    w.uint(child)
    w.uint(startedAt)
    w.uint(finishedAt)
    w.flag(error !== null)
    if (error === null) continue
    w.text(error.name)
    w.text(error.message)
    w.text(error.code)
    w.text(error.stack)
  }
}

export function readAttempts(r: ByteReader): readonly PastAttempt[] {
  // Each takes six bytes at least.
  const length = Math.min(r.uint(), r.left + 1)
  return Array.from({ length }, () => ({
    number: r.uint(),
    node: r.known(),
    child: r.uint(),
    startedAt: r.uint(),
    finishedAt: r.uint(),
    error: r.flag() ? { name: r.text(), message: r.text(), code: r.text(), stack: r.text() } : null,
  }))
}

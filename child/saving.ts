import type { Run } from '../src/attempt/messages.js'
import { unpackError } from '../src/bytes/error-record.js'
import { packValue } from '../src/bytes/values.js'
import { MAX_CHECKPOINT } from '../src/rules.js'
import { settled } from './settled.js'

export interface SavingDeps {
  readonly send: (token: number, value: Buffer) => void
}

/** A value that is to be saved, and who waits for that: for a later value of the attempt, too. */
interface Waiting {
  value: Buffer
  readonly promise: Promise<void>
  resolve(): void
  reject(error: unknown): void
}

/** Of one attempt: what is on its way to the disk, and what comes in its place. */
interface Saves {
  sent: Waiting
  next: Waiting | null
}

/** `ctx.checkpoint`: of each attempt one value is on its way to the disk, and the latest one waits for that. */
export class Saving {
  readonly #deps: SavingDeps
  readonly #saves = new Map<number, Saves>()

  constructor(deps: SavingDeps) {
    this.#deps = deps
  }

  save({ token }: Run, given: unknown): Promise<void> {
    const value = packValue(given, 'ctx.checkpoint: value', MAX_CHECKPOINT)
    const saves = this.#saves.get(token)
    if (saves === undefined) {
      const sent = { value, ...settled<void>() }
      this.#saves.set(token, { sent, next: null })
      this.#deps.send(token, value)
      return sent.promise
    }
    if (saves.next === null) saves.next = { value, ...settled<void>() }
    else saves.next.value = value
    return saves.next.promise
  }

  /** The node has said what became of it. `error`: packed; empty: it is on the disk. */
  answered(token: number, error: Buffer): void {
    const saves = this.#saves.get(token)
    if (saves === undefined) return
    const { sent, next } = saves
    if (next === null) this.#saves.delete(token)
    else {
      this.#deps.send(token, next.value)
      this.#saves.set(token, { sent: next, next: null })
    }
    if (error.length === 0) sent.resolve()
    else sent.reject(unpackError(error))
  }

  /** The attempt is over: what waits goes before the node hears of it. */
  over(token: number): void {
    const next = this.#saves.get(token)?.next ?? null
    if (next !== null) this.#deps.send(token, next.value)
    this.#saves.delete(token)
  }
}

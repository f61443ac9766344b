import { readFile } from 'node:fs/promises'
import type { Clock, Timer } from '../../clock.js'
import { damageOf } from './examination.js'

/** Between one table and the next: each takes this thread for some milliseconds. */
const PAUSE_MS = 200

/** Tables that were too many to be looked at before the start are looked at while the store is open, one after the other. */
export class LateLook {
  readonly #tables: string[]
  readonly #clock: Clock
  readonly #onDamage: (found: string) => void
  #timer: Timer | null = null
  #looking: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(tables: readonly string[], clock: Clock, onDamage: (found: string) => void) {
    this.#tables = [...tables]
    this.#clock = clock
    this.#onDamage = onDamage
    this.#arm()
  }

  /** Resolves when nothing is being read any more. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#looking
  }

  #arm(): void {
    if (this.#stopped || this.#tables.length === 0) return
    this.#timer = this.#clock.setTimer(PAUSE_MS, () => {
      this.#looking = this.#look(this.#tables.pop() as string)
    })
    this.#timer.unref()
  }

  async #look(path: string): Promise<void> {
    // LevelDB may have merged it into others meanwhile.
    const bytes = await readFile(path).catch(() => null)
    const damage = bytes === null ? null : damageOf(path, bytes)
    if (damage === null) this.#arm()
    else this.#onDamage(damage)
  }
}

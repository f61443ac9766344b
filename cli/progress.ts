import { systemClock } from '../src/clock.js'

/** One line that is written over on a terminal; elsewhere a line now and then. */
export class Progress {
  readonly #stream: NodeJS.WriteStream
  readonly #unit: string
  #shownAt = Number.NEGATIVE_INFINITY

  constructor(stream: NodeJS.WriteStream, unit = 'jobs') {
    this.#stream = stream
    this.#unit = unit
  }

  update(done: number, total: number, note: string, now = systemClock.mono()): void {
    if (now - this.#shownAt < (this.#stream.isTTY ? 100 : 2000)) return
    this.#shownAt = now
    const percent = Math.floor((done / Math.max(1, total)) * 100)
    const text = `${String(percent).padStart(3)} %  ${done} of ${total} ${this.#unit}${note === '' ? '' : `  (${note})`}`
    this.#stream.write(this.#stream.isTTY ? `\r\x1b[2K${text}` : `${text}\n`)
  }

  /** Leaves a clean line. */
  end(): void {
    if (this.#stream.isTTY && this.#shownAt > Number.NEGATIVE_INFINITY) this.#stream.write('\r\x1b[2K')
    this.#shownAt = Number.NEGATIVE_INFINITY
  }
}

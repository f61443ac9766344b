/** One line that is written over on a terminal; elsewhere a line now and then. */
export class Progress {
  readonly #stream: NodeJS.WriteStream
  readonly #total: number
  #shownAt = 0
  #shown = ''

  constructor(stream: NodeJS.WriteStream, total: number) {
    this.#stream = stream
    this.#total = total
  }

  update(done: number, note: string, now = performance.now()): void {
    const every = this.#stream.isTTY ? 100 : 2000
    if (now - this.#shownAt < every && done < this.#total) return
    this.#shownAt = now
    const percent = this.#total === 0 ? 100 : Math.floor((done / this.#total) * 100)
    const text = `${String(percent).padStart(3)} %  ${done} of ${this.#total} jobs  ${note}`
    if (text === this.#shown) return
    this.#shown = text
    this.#stream.write(this.#stream.isTTY ? `\r\x1b[2K${text}` : `${text}\n`)
  }

  end(): void {
    if (this.#stream.isTTY && this.#shown !== '') this.#stream.write('\r\x1b[2K')
  }
}

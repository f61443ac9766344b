import type { Readable } from 'node:stream'
import type { Clock } from '../../../src/clock.js'

/** Bytes of output that reach the log in a second; the rest is dropped, and said to be. */
const BYTES_A_SECOND = 64 * 1024
const LONGEST_LINE = 4096

export interface OutputHandlers {
  /** A line. */
  readonly said: (line: string) => void
  /** What more comes in this second is left out: it would be more than `most` characters. */
  readonly dropped: (most: number) => void
}

/** What a child writes to stdout or stderr, line by line, and never more than the log can bear. */
export class Output {
  readonly #clock: Clock
  readonly #handlers: OutputHandlers
  #rest = ''
  #second = 0
  #spent = 0
  #dropping = false
  /** The last line, for the message about a child that died. */
  last = ''

  constructor(stream: Readable, clock: Clock, handlers: OutputHandlers) {
    this.#clock = clock
    this.#handlers = handlers
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => this.#take(text))
    stream.on('end', () => this.#end())
    // A pipe that breaks with its process has nothing more to say.
    stream.on('error', () => this.#end())
  }

  #take(text: string): void {
    const second = Math.floor(this.#clock.mono() / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#spent = 0
      this.#dropping = false
    }
    this.#spent += text.length
    if (this.#spent > BYTES_A_SECOND) {
      if (!this.#dropping) this.#handlers.dropped(BYTES_A_SECOND)
      this.#dropping = true
      return
    }
    const lines = (this.#rest + text).split('\n')
    this.#rest = (lines.pop() ?? '').slice(-LONGEST_LINE)
    for (const line of lines) this.#say(line)
  }

  #end(): void {
    if (this.#rest !== '') this.#say(this.#rest)
    this.#rest = ''
  }

  #say(line: string): void {
    const text = line.slice(0, LONGEST_LINE)
    // What Node says when memory runs out is followed by a trace that says nothing.
    if (text.trim() !== '' && !this.last.startsWith('FATAL ERROR')) this.last = text
    this.#handlers.said(text)
  }
}

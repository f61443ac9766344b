import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Entry } from './entry.js'

/** Appends what one actor sees to a file of its own, at once: it survives the actor. */
export class Recorder {
  readonly #fd: number

  constructor(dir: string, actor: string) {
    mkdirSync(dir, { recursive: true })
    this.#fd = openSync(join(dir, `${actor}.jsonl`), 'a')
  }

  write(entry: Entry): void {
    writeSync(this.#fd, `${JSON.stringify(entry)}\n`)
  }

  close(): void {
    closeSync(this.#fd)
  }
}

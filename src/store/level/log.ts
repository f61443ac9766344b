import { closeSync, fdatasync, openSync, unlinkSync, writeSync, writevSync } from 'node:fs'
import { join } from 'node:path'
import { syncDirectory } from '../../sync-directory.js'
import { END_RECORD, endRecord, RECORD_HEAD, recordHead, SEGMENT_HEAD, segmentHead } from './segment.js'

export interface LogOptions {
  readonly dir: string
  /** Bytes of a segment. */
  readonly size: number
  /** False: not all that was accepted has been synced, and after a power cut nobody counts on it. */
  readonly fsync: boolean
  /** More of it is on the disk. */
  readonly onSynced?: () => void
}

export interface Segment {
  number: number
  readonly name: string
  readonly fd: number
  /** Bytes that the file has: up to here a write changes no length, and the disk has less to do. */
  length: number
  end: number
}

/** What there is of a log when it is opened. */
export interface LogFiles {
  readonly segments: Segment[]
  readonly spares: Segment[]
  /** The highest number there was. */
  readonly last: number
  /** Nothing follows in the last segment. */
  readonly sealed: boolean
}

/** A file grows to multiples of this. */
export const GROWTH_BYTES = 256 * 1024
const GROWTH = Buffer.alloc(GROWTH_BYTES)
/** Files that are kept to be used again. */
const SPARES = 2

/**
 * Rows of the journal, one behind the other, in files beside LevelDB. `append` writes from the thread that calls it: what
 * is written so is in the hands of the operating system at once, and outlives the process. `sync` has it on the disk.
 * A file in which nothing is needed any more is used again: overwriting is what a disk does fastest.
 */
export class Log {
  readonly #options: LogOptions
  /** In the order of their numbers; the last is written to. */
  #segments: Segment[]
  #spares: Segment[]
  #last: number
  #sealed: boolean
  /** Bytes of the segment that is written to that are on the disk. */
  #synced = 0
  #dirty = false
  /** The sync under way, and the one that is to follow it. */
  #syncing: Promise<void> | null = null
  #following: Promise<void> | null = null
  /** Who waits for the next sync, and does not ask for it. */
  #next: { readonly promise: Promise<void>; readonly resolve: (done: Promise<void>) => void } | null = null
  #syncs = 0
  readonly #head = Buffer.alloc(RECORD_HEAD)

  /** `openLog` makes it. */
  constructor(options: LogOptions, files: LogFiles) {
    this.#options = options
    this.#segments = files.segments
    this.#spares = files.spares
    this.#last = files.last
    this.#sealed = files.sealed
  }

  /** Whether what is accepted has to outlive a power cut. */
  get fsync(): boolean {
    return this.#options.fsync
  }

  /** The number of the segment that is written to; before the first `next`, the highest there was. */
  get current(): number {
    return this.#last
  }

  /** Up to here the segment that is written to is on the disk. */
  get synced(): number {
    return this.#synced
  }

  /** Whether a row of so many bytes fits into this segment. */
  hasRoomFor(bytes: number): boolean {
    const { end } = this.#segments.at(-1) ?? { end: Number.POSITIVE_INFINITY }
    return !this.#sealed && end + RECORD_HEAD + bytes + END_RECORD <= this.#options.size
  }

  /** Whether a row of so many bytes would fit into an empty segment. */
  takes(bytes: number): boolean {
    return SEGMENT_HEAD + RECORD_HEAD + bytes + END_RECORD <= this.#options.size
  }

  /** `batch`: LevelDB has it on the disk. Throws what the file system says; nothing is known of the log then. */
  append(group: number, row: Buffer, batch: number): void {
    recordHead(this.#head, this.#last, { group, row, batch, synced: this.#synced })
    this.#write([this.#head, row])
  }

  /** Nothing more is written to this segment. */
  seal(): void {
    if (this.#sealed) return
    this.#write([endRecord(this.#last)])
    this.#sealed = true
  }

  /** Resolves when everything appended before is on the disk. What is appended during one sync shares the next. */
  sync(): Promise<void> {
    if (!this.#dirty) return this.#syncing ?? Promise.resolve()
    if (this.#syncing === null) return this.#sync()
    this.#following ??= this.#syncing.then(() => this.#sync())
    return this.#following
  }

  /** The same, when somebody else asks for it. */
  nextSync(): Promise<void> {
    if (!this.#dirty) return this.sync()
    this.#next ??= deferred()
    return this.#next.promise
  }

  /** Syncs that have begun. */
  get syncs(): number {
    return this.#syncs
  }

  /** Segments before this one are not needed any more. */
  free(oldest: number): void {
    const gone = this.#segments.filter(({ number }) => number < oldest)
    this.#segments = this.#segments.filter(({ number }) => number >= oldest)
    for (const segment of gone) {
      if (this.#spares.length < SPARES) this.#spares.push(segment)
      else this.#remove(segment)
    }
  }

  /** Goes on in another segment; the one before has been sealed and is on the disk. */
  next(): void {
    const segment = this.#spares.pop() ?? this.#create()
    segment.number = ++this.#last
    segment.end = 0
    this.#synced = 0
    this.#segments.push(segment)
    this.#sealed = false
    this.#write([segmentHead(segment.number)])
  }

  async close(): Promise<void> {
    await this.sync()
    for (const { fd } of [...this.#segments, ...this.#spares]) closeSync(fd)
    this.#segments = []
    this.#spares = []
  }

  #sync(): Promise<void> {
    const segment = this.#segments.at(-1) as Segment
    const { fd, number, end } = segment
    this.#dirty = false
    this.#following = null
    const done = new Promise<void>((resolve, reject) => {
      fdatasync(fd, (error) => {
        this.#syncing = null
        if (error !== null) return reject(error)
        if (number === this.#last && end > this.#synced) this.#synced = end
        this.#options.onSynced?.()
        resolve()
      })
    })
    this.#syncing = done
    this.#syncs++
    this.#next?.resolve(done)
    this.#next = null
    return done
  }

  #write(parts: Buffer[]): void {
    const segment = this.#segments.at(-1) as Segment
    const bytes = parts.reduce((sum, { length }) => sum + length, 0)
    while (segment.length < segment.end + bytes) {
      // Its length changes here, and not with each record.
      const room = GROWTH_BYTES - (segment.length % GROWTH_BYTES)
      const more = Math.max(1, Math.min(room, this.#options.size - segment.length))
      segment.length += whole(writeSync(segment.fd, GROWTH, 0, more, segment.length), more)
    }
    segment.end += whole(writevSync(segment.fd, parts, segment.end), bytes)
    this.#dirty = true
  }

  #create(): Segment {
    const names = new Set([...this.#segments, ...this.#spares].map(({ name }) => name))
    let free = 0
    while (names.has(String(free))) free++
    const name = String(free)
    const fd = openSync(join(this.#options.dir, name), 'w')
    syncDirectory(this.#options.dir)
    return { number: 0, name, fd, length: 0, end: 0 }
  }

  #remove({ name, fd }: Segment): void {
    closeSync(fd)
    unlinkSync(join(this.#options.dir, name))
  }
}

function whole(written: number, wanted: number): number {
  if (written !== wanted) throw new Error(`only ${written} of ${wanted} bytes could be written`)
  return written
}

function deferred(): { promise: Promise<void>; resolve: (done: Promise<void>) => void } {
  let resolve: (done: Promise<void>) => void = () => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

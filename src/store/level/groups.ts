/** Groups of the journal that go together: those in one segment of the log, or one that is a row of LevelDB. */
interface Part {
  /** 0 for a row. */
  readonly segment: number
  bytes: number
  /** Jobs, outcomes and marks that only this part has. */
  live: number
}

/** What of the journal is not needed any more. */
export interface Gone {
  /** Groups with rows of their own. */
  readonly rows: readonly number[]
  /** The first segment that is needed; null when none is. */
  readonly oldest: number | null
}

/** Where a group would be that nothing is known of. */
const GAP: Part = { segment: 0, bytes: 0, live: 0 }

/**
 * Which groups of changes the journal has, where, and how much of what each did is young still. Parts of the journal go
 * when nothing of them is left, oldest first.
 */
export class Groups {
  readonly #most: number
  /** By group, from `#first` on: the part that has it. */
  #parts: Part[] = []
  #first = 1
  #bytes = 0
  /** The part of the segment that is written to. */
  #segment: Part | null = null
  /** The group that is being built, and what of it lives. */
  #current = 1
  #currentLive = 0
  /** Up to this group all is as safe as whoever waits for it is told. */
  #written = 0

  /** `most`: bytes of the journal, in all. */
  constructor(most: number) {
    this.#most = most
  }

  get isEmpty(): boolean {
    return this.#parts.length === 0
  }

  /** Whether nothing of the group that is being built lives. */
  get leavesNothing(): boolean {
    return this.#currentLive === 0
  }

  /** The group that is being built has made something young. Answers its number. */
  enter(): number {
    this.#currentLive++
    return this.#current
  }

  /** Something that this group has made is not young any more. */
  leave(group: number): void {
    if (group === this.#current) {
      this.#currentLive--
      return
    }
    const part = this.#parts[group - this.#first]
    if (part === undefined) throw new Error(`group ${group} of the journal is gone before what it has`)
    part.live--
  }

  /** The group that is being built is written to this segment of the log; 0: as a row. Answers its number. */
  settle(bytes: number, segment: number): number {
    const part = this.#partOf(segment)
    part.bytes += bytes
    part.live += this.#currentLive
    this.#bytes += bytes
    this.#parts.push(part)
    this.#currentLive = 0
    return this.#current++
  }

  /** All groups up to this one may be seen. */
  written(group: number): void {
    if (group > this.#written) this.#written = group
  }

  isWritten(group: number): boolean {
    return group <= this.#written
  }

  /** Lets go of the oldest parts of which nothing is left. */
  release(): Gone {
    const alive = this.#parts.findIndex(({ live }) => live > 0)
    const rest = alive < 0 ? undefined : this.#parts.find(({ segment }, i) => i >= alive && segment > 0)
    // A file that stays has all that it had: what says that jobs in it are gone has to stay, too.
    const count = alive < 0 ? this.#parts.length : Math.min(alive, rest ? this.#parts.indexOf(rest) : alive)
    const rows: number[] = []
    const gone = new Set(this.#parts.slice(0, count))
    for (let i = 0; i < count; i++) if (this.#parts[i]?.segment === 0) rows.push(this.#first + i)
    for (const part of gone) this.#bytes -= part.bytes
    this.#parts = this.#parts.slice(count)
    this.#first += count
    return { rows, oldest: this.#parts.find(({ segment }) => segment > 0)?.segment ?? null }
  }

  /** When the journal has grown too long: the last group of its older half; else null. */
  olderHalf(): number | null {
    if (this.#bytes <= this.#most) return null
    // Whole files: what is left in one keeps all of it, also what says of a mark that the attempt has begun.
    let end = 0
    let bytes = 0
    for (const [i, part] of this.#parts.entries()) {
      if (i < end && part.segment > 0) continue
      if (i >= end) {
        if (bytes > this.#most / 2) break
        end = (part.segment > 0 ? this.#parts.lastIndexOf(part) : i) + 1
      }
      bytes += part.bytes
    }
    return this.#first + end - 1
  }

  /** While the journal is read again: this group is the one that is being built. They come in order. */
  reach(group: number): void {
    // Of groups between the last and this one nothing was left, or nothing has come to the disk.
    if (this.#parts.length === 0) this.#first = group
    while (this.#first + this.#parts.length < group) this.#parts.push(GAP)
    this.#current = group
  }

  /**
   * Rows may have been written between the groups of a segment. They are one part all the same: as long as the file is
   * there, so is what says that jobs in it are gone.
   */
  #partOf(segment: number): Part {
    if (segment > 0 && this.#segment?.segment === segment) return this.#segment
    const part = { segment, bytes: 0, live: 0 }
    if (segment > 0) this.#segment = part
    return part
  }
}

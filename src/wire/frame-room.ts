/** Frames up to so many bytes need no room: one piece from the socket brings more. */
const SMALL = 128 * 1024

interface Waiting {
  readonly bytes: number
  go(): void
}

/**
 * The memory for frames that have not come whole, which all connections of a process share. A frame has room for all of
 * its bytes before it is read on, so those that have begun can end; the others wait in their order. One alone has room,
 * however large it is.
 */
export class FrameRoom {
  readonly #bound: number
  #used = 0
  readonly #taken = new Map<object, number>()
  readonly #waiting = new Map<object, Waiting>()

  constructor(bound: number) {
    this.#bound = bound
  }

  /**
   * Room for the frame of so many bytes that `owner` is at, in place of what it had. False: `go` is called when there is some, and until
   * then `owner` must not read.
   */
  has(owner: object, bytes: number, go: () => void): boolean {
    if (this.#waiting.has(owner)) return false
    const taken = this.#taken.get(owner) ?? 0
    const needed = bytes <= SMALL ? 0 : bytes
    if (taken === needed) return true
    this.leave(owner)
    if (needed === 0) return true
    if (this.#waiting.size === 0 && this.#fits(needed)) {
      this.#take(owner, needed)
      return true
    }
    this.#waiting.set(owner, { bytes: needed, go })
    return false
  }

  /** It needs nothing any more. */
  leave(owner: object): void {
    this.#used -= this.#taken.get(owner) ?? 0
    this.#taken.delete(owner)
    this.#waiting.delete(owner)
    for (const [next, { bytes, go }] of this.#waiting) {
      if (!this.#fits(bytes)) return
      this.#waiting.delete(next)
      this.#take(next, bytes)
      go()
    }
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#bound
  }

  #take(owner: object, bytes: number): void {
    this.#used += bytes
    this.#taken.set(owner, bytes)
  }
}

/** So many messages, and so many bytes of what they carry. */
export interface Limits {
  readonly count: number
  readonly bytes: number
}

const MIB = 1024 * 1024

/**
 * What may be on its way from one process to another: sent by the one, and not yet confirmed by the other. Whoever has
 * sent so much waits. ARCHITECTURE.md, "Queues between processes", has the table.
 */
export const WINDOWS = {
  /** Jobs, from a distributor to a node: confirmed when they are accepted. */
  jobs: { count: 4096, bytes: 8 * MIB },
  /** Outcomes, from a node to a distributor: confirmed when their feedbacks are done. */
  outcomes: { count: 4096, bytes: 16 * MIB },
  /** What jobs enqueue, from a child to its node: confirmed when it is accepted, or refused. */
  asks: { count: 4096, bytes: 8 * MIB },
  /** And what of it waits in the child. */
  unsent: { count: 65_536, bytes: 64 * MIB },
  /** Changes, from a node to its store: confirmed when they are as safe as they are to be. */
  changes: { count: 65_536, bytes: 32 * MIB },
} as const satisfies Readonly<Record<string, Limits>>

/**
 * Whether one more of so many bytes may be sent while so many, of so many bytes, are on their way. One alone always may,
 * however large it is: else it would wait for ever.
 */
export function fits(count: number, bytes: number, more: number, limits: Limits): boolean {
  return count === 0 || (count < limits.count && bytes + more <= limits.bytes)
}

/** What is on its way, by the rule of `fits`. */
export class Window {
  readonly limits: Limits
  #count = 0
  #bytes = 0

  constructor(limits: Limits) {
    this.limits = limits
  }

  /** How much more may be sent. Nothing: count is 0. */
  get left(): Limits {
    const { count, bytes } = this.limits
    const most = Math.max(0, count - this.#count)
    return {
      count: this.#bytes < bytes || this.#count === 0 ? most : 0,
      bytes: Math.max(1, bytes - this.#bytes),
    }
  }

  /** Where whoever waited for room should go on: not with each byte that is confirmed. */
  get isHalfEmpty(): boolean {
    return this.#count * 2 <= this.limits.count && this.#bytes * 2 <= this.limits.bytes
  }

  fits(bytes: number): boolean {
    return fits(this.#count, this.#bytes, bytes, this.limits)
  }

  add(bytes: number): void {
    this.#count++
    this.#bytes += bytes
  }

  remove(bytes: number, count = 1): void {
    this.#count -= count
    this.#bytes -= bytes
  }

  clear(): void {
    this.#count = 0
    this.#bytes = 0
  }
}

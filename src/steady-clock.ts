import { uptime } from 'node:os'

/** What the clocks of a machine say at one moment, in milliseconds. */
export interface Clocks {
  /** Epoch, whole. May jump. */
  readonly wall: number
  /** Only goes forward; on Linux it stands still while the machine sleeps. */
  readonly mono: number
  /** Goes on while the machine sleeps. Coarse: asked for after a jump only. */
  readonly boot: () => number
}

/** The wall clock may be moved by less without our seeing it: whoever sets a clock by the network does that all the time. */
const JUMP_MS = 50
/** The reading of `boot` is as coarse as this. */
const COARSE_MS = 25

/**
 * The wall clock without its jumps: it reads the same until somebody sets the wall clock, and then goes on as if nobody had.
 * While the machine sleeps it goes on too.
 */
export class SteadyClock {
  readonly #read: () => Clocks
  #ahead: number
  #asleep: number
  /** How far the wall clock has been moved. */
  #moved = 0

  constructor(read: () => Clocks) {
    this.#read = read
    const { wall, mono, boot } = read()
    this.#ahead = wall - mono
    this.#asleep = boot() - mono
  }

  now(): number {
    const { wall, mono, boot } = this.#read()
    const jump = wall - mono - this.#ahead
    this.#ahead += jump
    if (Math.abs(jump) > JUMP_MS) {
      const slept = boot() - mono - this.#asleep
      this.#asleep += slept
      this.#moved += Math.round(slept > COARSE_MS ? jump - slept : jump)
    }
    return wall - this.#moved
  }
}

export function readClocks(): Clocks {
  for (let tries = 0; ; tries++) {
    const before = performance.now()
    const wall = Date.now()
    const mono = performance.now()
    // This process may be held up between two readings, and they would seem to be of one moment.
    if (mono - before < 1 || tries === 100) return { wall, mono, boot: () => uptime() * 1000 }
  }
}

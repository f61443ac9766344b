import type { Timer } from '../../clock.js'
import { JrError } from '../../errors.js'
import type { NeighbourHandlers } from '../contract.js'
import type { Server } from './server.js'

/** A little later than the end of a neighbour's lease, for clocks that count in whole milliseconds. */
const SLACK_MS = 5

interface Renewed {
  /** Until the first of the others' leases ends; null when there are no others. */
  readonly firstEndsIn: number | null
  /** It had ended, and nobody had noticed. */
  readonly late: boolean
  /** Each with when its lease ended, as Redis has written it. */
  readonly lost: ReadonlyMap<string, string>
  readonly live: readonly string[]
}

/**
 * Keeps this node's lease, and watches the others' with the same timer: it is due at a third of the lease, or when
 * the first of theirs ends. After an outage all leases may have ended at once, and no node is lost: so one that has
 * been out of touch itself gives the others a whole lease before it takes anything over.
 */
export class Lease {
  readonly #server: Server
  readonly #leaseMs: number
  #handlers: NeighbourHandlers | null = null
  #timer: Timer | null = null
  #inTouchSince: number
  #stopped = false
  #renewing: Promise<void> = Promise.resolve()
  /** The lost ones that were told of last. */
  #told: ReadonlyMap<string, string> = new Map()

  constructor(server: Server, leaseMs: number) {
    this.#server = server
    this.#leaseMs = leaseMs
    this.#inTouchSince = server.clock.mono()
  }

  start(): void {
    this.#arm(this.#leaseMs / 3)
  }

  watch(handlers: NeighbourHandlers): void {
    this.#handlers = handlers
  }

  /** Renews no more; resolves when the renewal under way is over. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#renewing
  }

  #arm(ms: number): void {
    if (this.#stopped) return
    this.#timer = this.#server.clock.setTimer(ms, () => {
      this.#renewing = this.#renew()
    })
    // The node's connections and children keep the process; the lease alone does not.
    this.#timer.unref()
  }

  async #renew(): Promise<void> {
    const outOfTouch = () => {
      this.#inTouchSince = Number.POSITIVE_INFINITY
    }
    let renewed: Renewed
    try {
      const server = this.#server
      renewed = readRenewed(await server.persist(server.watcher, () => server.renew(false), outOfTouch))
    } catch (error) {
      if (!this.#stopped) this.#fail(error)
      return
    }
    if (this.#stopped) return
    const now = this.#server.clock.mono()
    if (renewed.late || this.#inTouchSince === Number.POSITIVE_INFINITY) this.#inTouchSince = now
    if (now - this.#inTouchSince >= this.#leaseMs && renewed.lost.size > 0) this.#tell(renewed)
    const { firstEndsIn } = renewed
    const next = this.#leaseMs / 3
    this.#arm(firstEndsIn === null ? next : Math.min(next, firstEndsIn + SLACK_MS))
  }

  #tell({ lost, live }: Renewed): void {
    const before = this.#told
    this.#told = lost
    const names = [...lost.keys()]
    const anew = names.filter((name) => before.has(name) && before.get(name) !== lost.get(name))
    this.#handlers?.onLost(names, live, anew)
  }

  #fail(error: unknown): void {
    this.#stopped = true
    const failure =
      error instanceof JrError ? error : new JrError('JR_STORE', `the lease could not be renewed: ${error}`)
    this.#server.broken = failure
    this.#handlers?.onFailure(failure)
  }
}

function readRenewed(answer: unknown): Renewed {
  const [first, late, lost, live] = answer as [Buffer, Buffer, Buffer[], Buffer[]]
  return {
    firstEndsIn: first.length === 0 ? null : Number(first),
    late: String(late) === '1',
    lost: new Map(
      Array.from({ length: lost.length / 2 }, (_, i) => [String(lost[2 * i]), String(lost[2 * i + 1])]),
    ),
    live: live.map(String),
  }
}

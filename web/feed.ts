import type { ServerResponse } from 'node:http'
import type { Distributor, LoadedJob, ProgressEvent } from '../distributor/index.js'
import type { Clock, Timer } from '../src/clock.js'
import { toJson } from '../src/to-json.js'
import { overviewOf } from './overview.js'

/** How often is looked, as long as somebody listens; and how often somebody hears that the line is there. */
const LOOK_MS = 1000
const PING_MS = 15_000
/** Pages that are open at once. */
const MOST = 200

interface Listener {
  readonly res: ServerResponse
  /** The job that it follows; null: the overview. */
  readonly job: string | null
  readonly show: (job: LoadedJob) => Record<string, unknown>
  /** It hears of progress as it is told. */
  readonly progress: boolean
  /** What it was told last of each kind, so that it hears of changes alone. */
  readonly told: Map<string, string>
  /** It does not read: what it is to hear when it does, the latest of each kind. */
  readonly late: Map<string, string>
}

/**
 * Tells open pages what changes. One look a second serves all of them, and there is none while nobody listens. Who does not read
 * gets the latest when it does.
 */
export class Feed {
  readonly #reactor: Distributor
  readonly #clock: Clock
  readonly #failed: (error: unknown) => void
  readonly #listeners = new Set<Listener>()
  #timer: Timer | null = null
  #looking = false
  #pingAt = 0

  constructor(reactor: Distributor, clock: Clock, failed: (error: unknown) => void) {
    this.#reactor = reactor
    this.#clock = clock
    this.#failed = failed
  }

  get isFull(): boolean {
    return this.#listeners.size >= MOST
  }

  /** The response stays open until its client goes, or the feed stops. */
  add(listener: Pick<Listener, 'res' | 'job' | 'show' | 'progress'>): void {
    const { res } = listener
    const one: Listener = { ...listener, told: new Map(), late: new Map() }
    res.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    res.write('retry: 2000\n\n')
    res.on('drain', () => this.#catchUp(one))
    res.on('close', () => this.#remove(one))
    this.#listeners.add(one)
    if (one.job !== null) {
      this.#reactor.on('job:progress', this.#progress)
      this.#watch(one, one.job)
    }
    // It need not wait for the next look.
    if (this.#looking) return
    this.#timer?.cancel()
    this.#look()
  }

  /** A node tells of the progress, and of the end, of jobs that somebody waits for. */
  #watch({ res }: Listener, id: string): void {
    const gone = new AbortController()
    res.once('close', () => gone.abort())
    const again = () => {
      if (!gone.signal.aborted && this.#timer !== null) {
        this.#timer.cancel()
        this.#look()
      }
    }
    this.#reactor
      .find(id)
      .then((job) => job?.result({ signal: gone.signal }))
      // How it ends is what is looked at then.
      .then(again, again)
  }

  stop(): void {
    for (const one of this.#listeners) one.res.end()
    this.#listeners.clear()
    this.#timer?.cancel()
    this.#timer = null
    this.#reactor.off('job:progress', this.#progress)
  }

  #remove(one: Listener): void {
    this.#listeners.delete(one)
    if (![...this.#listeners].some(({ job }) => job !== null))
      this.#reactor.off('job:progress', this.#progress)
    if (this.#listeners.size > 0) return
    this.#timer?.cancel()
    this.#timer = null
  }

  readonly #progress = ({ id, value, attempt }: ProgressEvent): void => {
    for (const one of this.#listeners)
      if (one.job === id && one.progress) this.#tell(one, 'progress', toJson({ id, attempt, value }))
  }

  #look(): void {
    this.#looking = true
    this.#timer = null
    this.#tellAll()
      .catch(this.#failed)
      .finally(() => {
        this.#looking = false
        if (this.#listeners.size === 0) return
        this.#timer = this.#clock.setTimer(LOOK_MS, () => this.#look())
        this.#timer.unref()
      })
  }

  async #tellAll(): Promise<void> {
    const now = this.#clock.mono()
    const ping = now >= this.#pingAt
    if (ping) this.#pingAt = now + PING_MS
    const all = [...this.#listeners]
    const jobs = new Set(all.flatMap(({ job }) => (job === null ? [] : [job])))
    const loaded = new Map<string, LoadedJob | null>()
    await Promise.all(
      [...jobs].map(async (id) =>
        loaded.set(
          id,
          await this.#reactor
            .monitor()
            .load(id)
            .catch(() => null),
        ),
      ),
    )
    const general = all.some(({ job }) => job === null) ? await overviewOf(this.#reactor, this.#clock) : null
    for (const one of all) {
      if (!this.#listeners.has(one)) continue
      if (one.job === null) this.#tellChange(one, 'overview', toJson(general))
      else {
        this.#tellJob(one, loaded.get(one.job) ?? null)
      }
      if (ping) this.#tell(one, 'ping', '{}')
    }
  }

  #tellJob(one: Listener, job: LoadedJob | null): void {
    try {
      this.#tellChange(one, 'job', toJson(job === null ? null : one.show(job)))
    } catch (error) {
      // What the app hides things with has failed for this job: nothing of it is shown, and the others hear of theirs.
      this.#failed(error)
    }
  }

  #tellChange(one: Listener, event: string, data: string): void {
    // The overview says when it was looked at: that alone is no change.
    const seen = event === 'overview' ? data.replace(/"at":"[^"]*",?/g, '') : data
    if (one.told.get(event) === seen) return
    one.told.set(event, seen)
    this.#tell(one, event, data)
  }

  #tell({ res, late }: Listener, event: string, data: string): void {
    if (res.writableNeedDrain) late.set(event, data)
    else res.write(`event: ${event}\ndata: ${data}\n\n`)
  }

  #catchUp(one: Listener): void {
    for (const [event, data] of [...one.late]) {
      one.late.delete(event)
      this.#tell(one, event, data)
      if (one.res.writableNeedDrain) return
    }
  }
}

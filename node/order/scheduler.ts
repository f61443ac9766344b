import { type Clock, type Now, nowOf } from '../../src/clock.js'
import { lanePartsOf, mayBeTaken, type Owner } from '../../src/job/lane.js'
import type { JobRecord } from '../../src/job/record.js'
import type { Wait } from '../../src/job/waits.js'
import { Alarm } from './alarm.js'
import { Aside } from './aside.js'
import { Choice } from './choice.js'
import { Discovery, type ReadLanes } from './discovery.js'
import type { Gates } from './gates.js'
import { Held, type ReadLane, type WindowLimits } from './held.js'
import type { Line } from './line.js'
import { Lines } from './lines.js'
import { Reading } from './reading.js'
import { FRONT, Room, turnOf } from './room.js'
import { Standing } from './standing.js'

export interface SchedulerOptions {
  readonly lanes: ReadLanes
  readonly read: ReadLane
  readonly clock: Clock
  readonly limits: WindowLimits
  readonly gates: Gates
  /** Puts a waiting job into the lane of its name; told when that is done, or the job was not there any more. */
  readonly setAside: (job: JobRecord, done: () => void) => void
  /** Called when a job has come due, or when a read brought new ones. */
  readonly onDue: () => void
  readonly onError: (error: unknown) => void
}

/**
 * Which job is next, and when. All lanes are known by name; the heads of those in front are in memory, as far as there is
 * room; and there is one timer for the earliest job that is not due yet, or gate that opens.
 */
export class Scheduler {
  readonly #options: SchedulerOptions
  readonly #gates: Gates
  readonly #held: Held
  readonly #room: Room
  readonly #discovery: Discovery
  readonly #lines: Lines
  readonly #standing: Standing
  readonly #reading: Reading
  readonly #choice: Choice
  readonly #aside: Aside
  readonly #alarm: Alarm
  #running = false

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#gates = options.gates
    this.#held = new Held(options.read, options.limits)
    this.#lines = new Lines(this.#held)
    this.#room = new Room(this.#held, options.limits)
    this.#aside = new Aside(options.setAside)
    this.#discovery = new Discovery(options.lanes)
    this.#alarm = new Alarm(options.clock, () => this.#due())
    this.#standing = new Standing(this.#lines, () => {
      if (this.#running) this.#alarm.set(this.#standing.earliest())
    })
    this.#reading = new Reading(this.#standing, {
      clock: options.clock,
      most: options.limits.read,
      onRead: (line, now) => this.#wasRead(line, now),
      onError: (error) => this.#failed(error),
    })
    this.#choice = new Choice({
      standing: this.#standing,
      lines: this.#lines,
      gates: this.#gates,
      aside: this.#aside,
      readOn: this.#reading.on,
    })
  }

  /** Brings the heads of the first lanes into memory. Where there are very many, it goes on to look for others. */
  async start(): Promise<void> {
    this.#running = true
    await this.#gates.start()
    const now = nowOf(this.#options.clock)
    this.#standing.ahead = now.wall - now.steady
    await this.#discover()
    await Promise.all(this.#reading.ahead(now))
    this.settle()
    this.#discoverAll()
  }

  stop(): void {
    this.#running = false
    this.#alarm.stop()
  }

  /** A job that has just been stored. Call `settle` after the last of a group. */
  add(job: JobRecord): void {
    if (!mayBeTaken(job.lane)) return
    let line = this.#lines.get(job.lane)
    // The store may have others of a lane that is not known yet, due at any time.
    line ??= this.#lines.make(job.lane, this.#discovery.isKnown(job.lane) ? null : Number.NEGATIVE_INFINITY)
    line.window.add(job)
    if (line.next !== null) this.#standing.queueOf(line.family).came(line.family, job)
    else if (line.closed) return
    else if (line.timed) this.#standing.sleep(line, job.byWall ? job.due - this.#standing.ahead : job.due)
    else this.#standing.enter(line)
  }

  /** Waiting jobs in memory. */
  get held(): number {
    return this.#held.jobs.size
  }

  find(id: string): JobRecord | undefined {
    return this.#held.jobs.get(id)
  }

  /** Takes a waiting job out of the order, when it is in memory. */
  remove(id: string): JobRecord | undefined {
    const job = this.#held.jobs.get(id)
    if (job === undefined) return undefined
    const line = this.#lines.get(job.lane)
    line?.window.release(job)
    if (line?.family.grouped === true) this.#standing.queueOf(line.family).advance(line.family)
    return job
  }

  /** The key of the lane in which a new job waits. */
  keyFor({ name, agreed }: Pick<JobRecord, 'name' | 'agreed'>): string {
    return this.#gates.keyFor(name, agreed.terms.group)
  }

  /** What keeps a job that is due from beginning, beside those in front of it and room; null: nothing. */
  whyWaits({ name, agreed }: Pick<JobRecord, 'name' | 'agreed'>): Wait | null {
    return this.#gates.why(name, agreed.terms.group)
  }

  /** What holds for a name, or with null for any of them, is another than before: limits, pauses, which names are known. */
  changed(name: string | null): void {
    this.#gates.changed(name)
    this.#standing.reopen(name)
    this.closed(name)
    if (this.#running) this.#due()
  }

  /** Jobs of a name, or of a group of it, may begin that might not before. */
  opened(owner: Owner): void {
    this.#standing.opened(owner)
  }

  /** The same the other way round: another group has its turn than was thought, of this name, or with null of any. */
  closed(name: string | null): void {
    for (const family of this.#lines.grouped(name)) this.#standing.queueOf(family).advance(family)
  }

  /**
   * The next job that may run now: of the lowest priority, the one that was due first, or came first; but of a name's groups
   * the one whose turn it is. Null also while the store is read for what is in front: `onDue` is called then.
   */
  take(deferred: boolean, now: Now): JobRecord | null {
    const line = this.#choice.next(deferred, now)
    if (line === null) return null
    const job = line.take(now)
    const { family, twin } = line
    if (!family.grouped) return job
    if (++line.given < turnOf(family.ring.size) && line.window.size > 0) return job
    line.given = 0
    family.ring.served(line)
    // The two have one turn.
    if (twin !== null) family.ring.served(twin)
    this.#standing.queueOf(family).advance(family)
    return job
  }

  /**
   * Whether this job, which is on its way to the store, may begin in front of what waits there: nothing of its kind may
   * be taken now, and it will not be found again when its lane is read.
   */
  passes(job: JobRecord, deferred: boolean, now: Now): boolean {
    if (!this.#discovery.isOver || this.#lines.get(job.lane)?.window.isReading === true) return false
    const none =
      this.#choice.next(deferred, now) === null && this.#standing.queues[deferred ? 1 : 0].size === 0
    return none && this.mayBegin(job, now)
  }

  /** It does not wait for a limit, or for what else its name or group is kept back. */
  mayBegin({ name, agreed }: JobRecord, now: Now): boolean {
    const { group } = agreed.terms
    if (this.#gates.any && this.#gates.ofName(name, now) !== null) return false
    return group === undefined || this.#gates.ofGroup(name, group, now) === null
  }

  /** A job that was given out and may not begin: it waits again, and in nobody's way. */
  back(job: JobRecord): void {
    if (lanePartsOf(job.lane).key === '') this.#aside.put(job)
    else this.add(job)
  }

  /** The same, of a name that nothing here knows. */
  unknown(job: JobRecord): void {
    this.#gates.unknown(job.name)
    this.back(job)
  }

  /** Arms the timer for the earliest job that is not due yet, and reads on where a window runs low. */
  settle(): void {
    if (!this.#running) return
    const now = nowOf(this.#options.clock)
    this.#standing.follow(now)
    // Nobody has looked at what has come due since the last look.
    const woken = this.#standing.wake(now)
    this.#reading.ahead(now)
    this.#room.make(this.#lines, () => this.#standing.queues.flatMap((queue) => queue.lines(FRONT)))
    this.#alarm.set(woken ? now.steady : this.#standing.earliest())
  }

  #due(): void {
    this.#options.onDue()
    this.settle()
  }

  /** Looks for the next lanes that the store has. */
  #discover(): Promise<void> {
    return this.#discovery.next((heads) => {
      const now = nowOf(this.#options.clock)
      for (const { lane, due } of heads) {
        const known = this.#lines.get(lane)
        if (known !== undefined) known.window.storeHas(due)
        else this.#standing.sort(this.#lines.make(lane, due), now)
      }
    })
  }

  async #discoverAll(): Promise<void> {
    try {
      while (this.#running && !this.#discovery.isOver) {
        await this.#discover()
        if (this.#running) this.#due()
      }
    } catch (error) {
      this.#failed(error)
    }
  }

  #wasRead(line: Line, now: Now): void {
    if (!this.#running) return
    this.#standing.sortAnew(line, now)
    this.#due()
  }

  #failed(error: unknown): void {
    if (this.#running) this.#options.onError(error)
  }
}

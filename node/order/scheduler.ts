import { type Clock, type Now, nowOf } from '../../src/clock.js'
import type { JobRecord } from '../../src/job/record.js'
import { Alarm } from './alarm.js'
import { Discovery, type ReadLanes } from './discovery.js'
import { Held, type ReadLane, type WindowLimits } from './lane-window.js'
import { type Line, Lines } from './line.js'
import { FRONT, lowMark, Room, shareOf, TURN } from './room.js'
import { Sleepers } from './sleepers.js'
import { Turns } from './turns.js'

export interface SchedulerOptions {
  readonly lanes: ReadLanes
  readonly read: ReadLane
  readonly clock: Clock
  readonly limits: WindowLimits
  /** Called when a job has come due, or when a read brought new ones. */
  readonly onDue: () => void
  readonly onError: (error: unknown) => void
}

/**
 * Which job is next, and when. All lanes are known by name; the heads of those in front are in memory, as far as there is
 * room; and there is one timer for the earliest job that is not due yet.
 */
export class Scheduler {
  readonly #options: SchedulerOptions
  readonly #held: Held
  readonly #room: Room
  readonly #discovery: Discovery
  readonly #lines: Lines
  /** Lanes of evented jobs, and of deferred ones. */
  readonly #turns = [new Turns<Line>(), new Turns<Line>()] as const
  readonly #sleepers = new Sleepers()
  readonly #alarm: Alarm
  /** How far the wall clock is ahead of the steady one. */
  #ahead = 0
  #running = false

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#held = new Held(options.read, options.limits)
    this.#lines = new Lines(this.#held)
    this.#room = new Room(this.#held, options.limits)
    this.#discovery = new Discovery(options.lanes)
    this.#alarm = new Alarm(options.clock, () => this.#due())
  }

  /** Brings the heads of the first lanes into memory. Where there are very many, it goes on to look for others. */
  async start(): Promise<void> {
    this.#running = true
    const now = nowOf(this.#options.clock)
    this.#ahead = now.wall - now.steady
    await this.#discover()
    await Promise.all(this.#readAhead(now))
    this.settle()
    this.#discoverAll()
  }

  stop(): void {
    this.#running = false
    this.#alarm.stop()
  }

  /** A job that has just been stored. Call `settle` after the last of a group. */
  add(job: JobRecord): void {
    let line = this.#lines.get(job.lane)
    // The store may have others of a lane that is not known yet, due at any time.
    line ??= this.#lines.make(job.lane, this.#discovery.isKnown(job.lane) ? null : Number.NEGATIVE_INFINITY)
    line.window.add(job)
    const turns = this.#turnsOf(line)
    if (turns.has(line)) return
    if (line.timed) this.#sleep(line, job.byWall ? job.due - this.#ahead : job.due)
    else turns.enter(line)
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
    if (job !== undefined) this.#lines.get(job.lane)?.window.release(job)
    return job
  }

  /**
   * The next job that may run now: of the lowest priority, whose keys take turns; of one key, the job that was due first, or
   * came first. Null also while the store is read for what is in front: `onDue` is called then.
   */
  take(deferred: boolean, now: Now): JobRecord | null {
    const line = this.#next(deferred, now)
    if (line === null) return null
    const job = line.take(now)
    const turns = this.#turnsOf(line)
    // Where very many wait, what was read of one is used up before the next: it need be neither kept nor read again.
    if (turns.beside(line) > FRONT && ++line.given < TURN && line.window.size > 0) return job
    line.given = 0
    turns.served(line)
    // The two have one turn.
    if (line.twin !== null) turns.served(line.twin)
    return job
  }

  /**
   * Whether this job, which is on its way to the store, may begin in front of what waits there: nothing of its kind may
   * be taken now, and it will not be found again when its lane is read.
   */
  passes(job: JobRecord, deferred: boolean, now: Now): boolean {
    if (!this.#discovery.isOver || this.#lines.get(job.lane)?.window.isReading === true) return false
    return this.#next(deferred, now) === null && this.#turns[deferred ? 1 : 0].size === 0
  }

  /** Arms the timer for the earliest job that is not due yet, and reads on where a window runs low. */
  settle(): void {
    if (!this.#running) return
    const now = nowOf(this.#options.clock)
    this.#follow(now)
    // Nobody has looked at what has come due since the last look.
    const woken = this.#wake(now)
    this.#readAhead(now)
    this.#room.make(this.#lines.values(), this.#turns)
    this.#alarm.set(woken ? now.steady : this.#sleepers.earliest())
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
        else this.#sort(this.#lines.make(lane, due), now)
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

  /** The line whose turn it is. Those that have nothing to take leave; null when none has, or one has to be read first. */
  #next(deferred: boolean, now: Now): Line | null {
    this.#wake(now)
    const turns = this.#turns[deferred ? 1 : 0]
    let lacking = 0
    for (let line = turns.first(); line !== null; ) {
      if (line.ready(now)) return line.earlier(now, this.#readOn)
      const behind = turns.after(line)
      if (line.lacks(now)) {
        lacking++
        this.#readOn(line, now)
      } else {
        turns.leave(line)
        this.#rest(line, now)
      }
      // What is being read goes in front of what is of a higher number.
      if (lacking > 0 && (lacking >= FRONT || behind?.priority !== line.priority)) return null
      line = behind
    }
    return null
  }

  /** Where it belongs by what is due: in the turns, or asleep. */
  #sort(line: Line, now: Now): void {
    if (line.timed && line.window.wait(now) > 0) this.#rest(line, now)
    else this.#turnsOf(line).enter(line)
  }

  /** It has nothing to take for now, and stands in no ring. */
  #rest(line: Line, now: Now): void {
    line.given = 0
    if (line.timed && !line.window.isEmpty) this.#sleep(line, now.steady + line.window.wait(now))
    // One that is used again and again need not be made again and again.
    else if (line.window.isEmpty && this.#lines.size > FRONT) this.#lines.remove(line)
  }

  #sleep(line: Line, at: number): void {
    this.#sleepers.put(line, at)
    if (this.#running) this.#alarm.set(this.#sleepers.earliest())
  }

  /** Those whose time has come take turns from now on. Whether there was one. */
  #wake({ steady }: Now): boolean {
    let woken = false
    for (let line = this.#sleepers.wake(steady); line !== null; line = this.#sleepers.wake(steady)) {
      this.#turnsOf(line).enter(line)
      woken = true
    }
    return woken
  }

  /** The wall clock was set: what waits by it is due at another time of the steady one. */
  #follow(now: Now): void {
    const ahead = now.wall - now.steady
    if (ahead === this.#ahead) return
    this.#ahead = ahead
    for (const line of this.#lines.values()) {
      if (line.wakesAt === Number.POSITIVE_INFINITY) continue
      this.#sleepers.take(line)
      this.#sleep(line, now.steady + line.window.wait(now))
    }
  }

  /** Reads on where one of those in front runs low, and the one that wakes first: it must not wait for the disk then. */
  #readAhead(now: Now): Promise<void>[] {
    const reads: Promise<void>[] = []
    for (const turns of this.#turns) {
      let held = 0
      let line = turns.first()
      for (let i = 0; line !== null && i < FRONT && held < this.#options.limits.read; i++) {
        if (line.window.needsRefill(now, this.#low(line))) reads.push(this.#read(line))
        held += line.window.size
        line = turns.after(line)
      }
    }
    const first = this.#sleepers.first()
    if (first?.window.needsRefill(now, this.#low(first)) === true) reads.push(this.#read(first))
    return reads
  }

  readonly #readOn = (line: Line, now: Now): void => {
    if (line.window.needsRefill(now, this.#low(line))) this.#read(line)
  }

  async #read(line: Line): Promise<void> {
    try {
      await line.window.refill(this.#most(line))
    } catch (error) {
      this.#failed(error)
      return
    }
    if (!this.#running) return
    if (!this.#turnsOf(line).has(line)) {
      this.#sleepers.take(line)
      this.#sort(line, nowOf(this.#options.clock))
    }
    this.#due()
  }

  /** Jobs of this lane that are read at a time. */
  #most(line: Line): number {
    return shareOf(this.#beside(line), this.#options.limits.read)
  }

  /** With so few jobs in memory this lane is read on. */
  #low(line: Line): number {
    return lowMark(this.#beside(line), this.#options.limits.read)
  }

  #beside(line: Line): number {
    const turns = this.#turnsOf(line)
    return turns.has(line) ? turns.beside(line) : this.#sleepers.size
  }

  #turnsOf(line: Line): Turns<Line> {
    return this.#turns[line.deferred ? 1 : 0]
  }

  #failed(error: unknown): void {
    if (this.#running) this.#options.onError(error)
  }
}

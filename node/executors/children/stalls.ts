import type { Clock } from '../../../src/clock.js'
import type { Logger } from '../../../src/logger.js'
import type { Child } from './child.js'
import type { Deadlines } from './deadlines.js'

const CHECK_MS = 1000

/** Names the jobs on an evented child whose event loop does not turn. Looks only while jobs run on it. */
export class Stalls {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #deadlines: Deadlines

  constructor(clock: Clock, log: Logger, deadlines: Deadlines) {
    this.#clock = clock
    this.#log = log
    this.#deadlines = deadlines
  }

  /** A child that has given no sign of life for a while is asked for one; one that gives none then has stalled. */
  watch(child: Child): void {
    if (child.watched) return
    child.watched = true
    this.#deadlines.in(CHECK_MS, () => this.#look(child))
  }

  /** A job held the loop, and says so afterwards. */
  blocked(job: string, name: string, ms: number): void {
    const note = 'other jobs on the child had to wait; run it with defer: true'
    this.#log.warn('job:blocked-loop', { job, name, ms, note })
  }

  #look(child: Child): void {
    child.watched = false
    if (child.status === 'gone' || child.attempts.size === 0) return
    // What is not read is no silence.
    const silent = child.held ? 0 : this.#clock.mono() - child.heardAt
    if (child.pinged && silent >= CHECK_MS * 2) {
      const jobs = [...child.attempts.values()].slice(-10).map(({ job: { id, name } }) => ({ job: id, name }))
      const note = 'its event loop is blocked by one of these; run such jobs with defer: true'
      this.#log.warn('child:stalled', { pid: child.pid, silentMs: Math.round(silent), jobs, note })
      // Said once for a stall: it is looked at again when something else is given to it.
      return
    }
    if (!child.pinged && silent >= CHECK_MS) {
      child.pinged = true
      child.send({ type: 'ping' })
    }
    this.watch(child)
  }
}

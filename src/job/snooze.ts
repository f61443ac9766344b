import { givenDuration, PERIOD_MS } from '../rules.js'

/** What `ctx.snooze` answers: a job that returns it runs again later, and this attempt does not count. */
export class Snooze {
  readonly ms: number

  /** Throws a TypeError for another duration than 1 ms or more: seconds, or text such as `'5m'`. */
  constructor(duration: number | string) {
    this.ms = givenDuration(duration, 'ctx.snooze: the duration', PERIOD_MS)
  }
}

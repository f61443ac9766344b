import type { Clock } from '../../src/clock.js'
import { wait } from './handle.js'

/** A job, or several, on the way to a node. */
interface Sent {
  readonly accepted: Promise<unknown>
  cancel(): Promise<unknown>
}

/**
 * Resolves when a node has it on its disk. Rejects as `accepted` does; and with JR_TIMEOUT when no node has taken it within so many
 * milliseconds: it is taken back then, and may run all the same if it was on its way. `what`: for people.
 */
export async function acceptedWithin(sent: Sent, ms: number, what: string, clock: Clock): Promise<void> {
  let isHeard = false
  const heard = sent.accepted.finally(() => {
    isHeard = true
  })
  try {
    await wait<unknown>(
      clock,
      { timeout: ms },
      `the acceptance of ${what}`,
      ({ resolve, reject }) => {
        heard.then(resolve, reject)
        return () => {}
      },
      () =>
        `: no node has taken ${what}, so it was taken back; if it was on its way, it may run all the same`,
    )
  } finally {
    // It may wait for its node for ever: nobody waits for that here.
    if (!isHeard) sent.cancel().catch(() => {})
  }
}

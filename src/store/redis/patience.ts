import { type Clock, sleep } from '../../clock.js'
import { JrError } from '../../errors.js'
import type { Client } from './client.js'
import { judge } from './failure.js'

/** Who is only just there says soon that Redis can't be reached. A node that runs is more patient. */
export const FIRST_CONTACT_MS = 5000

/** Between two tries: each pause is twice as long as the one before. */
export const FIRST_PAUSE_MS = 20
export const LONGEST_PAUSE_MS = 1000

export interface Hooks {
  readonly onTrouble?: ((reason: string) => void) | undefined
  /** Why it should not go on asking; null: it should. */
  readonly stopped?: () => JrError | null
}

/**
 * Asks until Redis answers, for at most `timeoutMs`. `ask` must be safe to run twice: after a broken connection nobody
 * knows whether it was done. Rejects with JR_STORE when the time is over, or with what will not pass.
 */
export async function persist<T>(
  clock: Clock,
  client: Client,
  timeoutMs: number,
  ask: () => Promise<T>,
  { onTrouble, stopped }: Hooks = {},
): Promise<T> {
  const until = clock.mono() + timeoutMs
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      return await ask()
    } catch (error) {
      const failure = judge(error)
      if (failure.kind === 'final') throw failure.error
      const reason = client.trouble ?? failure.reason
      onTrouble?.(reason)
      const over = stopped?.() ?? null
      if (over !== null) throw over
      if (clock.mono() + pause > until) {
        throw new JrError('JR_STORE', `Redis did not answer for ${timeoutMs} ms: ${reason}`)
      }
      if (failure.reconnect) client.reconnect()
    }
    await sleep(clock, pause)
  }
}

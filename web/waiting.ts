import type { Distributor, FoundJob, LoadedJob } from '../distributor/index.js'
import type { Clock } from '../src/clock.js'
import { TERMINAL_STATES } from '../src/job/states.js'

const OVER = Symbol('the time is over')

/**
 * A job as it is when it has ended, or when the time is over; null: no node has it. A job that is not kept when it has ended is
 * answered as it was, with how it ended.
 */
export async function jobWhenEnded(
  reactor: Pick<Distributor, 'find'>,
  id: string,
  waitMs: number,
  clock: Pick<Clock, 'setTimer' | 'now'>,
  gone: AbortSignal,
): Promise<LoadedJob | null> {
  const found = await reactor.find(id)
  if (found === null) return null
  if (waitMs === 0 || hasEnded(found)) return found.facts
  const over = new AbortController()
  const timer = clock.setTimer(waitMs, () => over.abort(OVER))
  const signal = AbortSignal.any([over.signal, gone])
  try {
    const result = await found.result({ signal })
    return (await kept(reactor, id)) ?? ended(found, clock.now(), { state: 'completed', result })
  } catch (error) {
    if (gone.aborted) throw error
    const now = await kept(reactor, id)
    if (error === OVER) return now
    const { message, code = '' } = error as Error & { code?: string }
    const state = code === 'JR_CANCELLED' ? 'cancelled' : 'failed'
    return now ?? ended(found, clock.now(), { state, lastError: message, lastCode: code })
  } finally {
    timer.cancel()
  }
}

function hasEnded({ state }: Pick<FoundJob, 'state'>): boolean {
  return (TERMINAL_STATES as readonly string[]).includes(state)
}

async function kept(reactor: Pick<Distributor, 'find'>, id: string): Promise<LoadedJob | null> {
  return (await reactor.find(id))?.facts ?? null
}

/** It has left its node: what was known of it, and how it has ended. */
function ended({ facts }: FoundJob, now: number, end: Partial<LoadedJob>): LoadedJob {
  return { ...facts, finishedAt: new Date(now), waits: null, ...end }
}

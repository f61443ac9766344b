import type { Done } from '../src/attempt/messages.js'
import { packError } from '../src/bytes/error-record.js'
import { JrError } from '../src/errors.js'
import type { ContextHandle } from '../src/job/job-context.js'
import type { ChildEnqueue } from '../src/pipe/messages.js'
import type { Asks } from './asks.js'

/** Of one attempt. */
const MOST = { jobs: 1000, bytes: 8 * 1024 * 1024 } as const

interface Kept {
  readonly asks: ChildEnqueue[]
  bytes: number
}

/** What attempts have enqueued `withCompletion`: it goes to the node in front of the word that the attempt has completed, or nowhere. */
export class FollowUps {
  readonly #asks: Asks
  readonly #byToken = new Map<number, Kept>()

  constructor(asks: Asks) {
    this.#asks = asks
  }

  /** Throws JR_BACKLOG_FULL. */
  keep(ask: ChildEnqueue): ContextHandle {
    const { token, job } = ask
    const kept = this.#byToken.get(token) ?? { asks: [], bytes: 0 }
    this.#byToken.set(token, kept)
    kept.bytes += job.args.length
    if (kept.asks.length >= MOST.jobs || kept.bytes > MOST.bytes) {
      const text = `an attempt enqueues at most ${MOST.jobs} jobs, with ${MOST.bytes} bytes of args, with its completion`
      throw new JrError('JR_BACKLOG_FULL', `${text}; '${job.name}' was not taken`)
    }
    kept.asks.push(ask)
    return { id: job.id, accepted: notYet(job.name), result: () => notYet(job.name) }
  }

  /** The attempt is over. Answers what is said of it: what can't be sent with it fails it. */
  over(done: Done): Done {
    if (this.#byToken.size === 0) return done
    const kept = this.#byToken.get(done.token)
    this.#byToken.delete(done.token)
    if (kept === undefined || done.status !== 'completed') return done
    for (const ask of kept.asks) {
      const refused = this.#asks.add(ask)
      if (refused === null) continue
      const { code, message } = refused
      return { ...done, status: 'failed', code, message, error: packError(refused) }
    }
    return done
  }
}

/** Whoever waited for it would wait for ever. */
function notYet(name: string): Promise<never> {
  const text = `'${name}' is no job before the one that has enqueued it with its completion has completed: nothing of it can be awaited`
  const never = Promise.reject(new JrError('JR_WRONG_STATE', text))
  never.catch(() => {})
  return never
}

import { factsOf } from '../../../src/attempt/job-log.js'
import { packError } from '../../../src/bytes/error-record.js'
import { JrError } from '../../../src/errors.js'
import type { Logger } from '../../../src/logger.js'
import type { ChildEnqueue, FromChild } from '../../../src/pipe/messages.js'
import type { ExecutorHandlers } from '../executor.js'
import type { Child } from './child.js'
import type { Stalls } from './stalls.js'

export interface HearingDeps {
  readonly handlers: Pick<ExecutorHandlers, 'onEnqueue' | 'onCheckpoint' | 'onProgress' | 'onLine'>
  readonly stalls: Stalls
  readonly log: Logger
}

const NOTHING = Buffer.alloc(0)

/** What jobs say and ask for while they run: told to the node, and answered. */
export class Hearing {
  readonly #deps: HearingDeps

  constructor(deps: HearingDeps) {
    this.#deps = deps
  }

  hear(child: Child, message: FromChild): void {
    const { handlers, stalls, log } = this.#deps
    switch (message.type) {
      case 'log': {
        log[message.level]('job:log', factsOf(message))
        const by = child.attempts.get(message.token)
        if (by !== undefined) handlers.onLine(by, message)
        return
      }
      case 'blocked':
        if (child.deferred === false) stalls.blocked(message.id, message.name, message.ms)
        return
      case 'enqueue': {
        const by = child.attempts.get(message.token)
        if (by === undefined) this.refuse(child, message.request, overAlready(message))
        else handlers.onEnqueue(message, by, child)
        return
      }
      case 'tell': {
        const by = child.attempts.get(message.token)
        if (by !== undefined) handlers.onProgress(by, message.value)
        return
      }
      case 'checkpoint': {
        const { token, value } = message
        const by = child.attempts.get(token)
        // Over: nobody waits for it any more.
        if (by !== undefined) handlers.onCheckpoint(by, value, (error) => this.saved(child, token, error))
      }
    }
  }

  /** A job that a job wanted to enqueue. */
  refuse(child: Child, request: number, error: JrError): void {
    child.send({ type: 'enqueue-reply', request, what: 'accepted', ok: false, body: packError(error) })
  }

  /** What became of the checkpoint that an attempt has sent last. */
  saved(child: Child, token: number, error: JrError | null): void {
    child.send({ type: 'checkpointed', token, error: error === null ? NOTHING : packError(error) })
  }
}

function overAlready({ job }: ChildEnqueue): JrError {
  return new JrError(
    'JR_STOPPED',
    `'${job.name}' was enqueued by an attempt that is over: a job awaits what it does`,
  )
}

import type { EnqueueOptions } from '../../src/job/enqueue-options.js'
import type { ArgsOf, DoneArgs, JobName } from '../../src/job/types.js'
import type { JobHandle, WaitOptions } from '../told/handle.js'
import type { JobHandles } from '../told/handles.js'
import type { ErrorFeedback, SuccessFeedback } from '../told/ticket.js'
import type { FlowCounts } from './counts.js'
import type { Flow } from './flow.js'

/** What runs when all jobs of a batch have ended. */
export type BatchEnd<End extends JobName> = {
  /** The name of a job. It sees how the others have ended in `ctx.others`. It runs at once if the list is empty. */
  readonly onEnd: End
  /** Of the batch: while one of this id has not ended, there is no other. Default: a fresh one. */
  readonly id?: string | undefined
  /** Options of that job. */
  readonly opts?: EnqueueOptions | undefined
  readonly onSuccess?: SuccessFeedback<End> | undefined
  readonly onError?: ErrorFeedback<End> | undefined
} & (Record<never, never> extends ArgsOf<End>
  ? { readonly args?: ArgsOf<End> | undefined }
  : { readonly args: ArgsOf<End> })

/** Jobs of one name, and one that runs when all of them have ended. */
export class Batch<Name extends string = string, End extends string = string> {
  readonly id: string
  /** Those of the list, in order. */
  readonly jobs: JobHandles<Name>
  /** The one that runs when all of these have ended. */
  readonly end: JobHandle<End>
  readonly #flow: Flow

  constructor(flow: Flow, jobs: JobHandles<Name>, end: JobHandle<End>) {
    this.id = flow.id
    this.jobs = jobs
    this.end = end
    this.#flow = flow
  }

  /** As `Flow.accepted`: of all of its jobs. */
  get accepted(): Promise<void> {
    return this.#flow.accepted
  }

  /** What the last job answers, when all have ended, whether those of the list have completed or not. Rejects as `JobHandle.result` does. */
  result(options: WaitOptions = {}): Promise<DoneArgs<End>> {
    return this.end.result(options)
  }

  /** As `Flow.cancel`: the last one, too. */
  cancel(): Promise<number> {
    return this.#flow.cancel()
  }

  /** As `Flow.counts`. */
  counts(): Promise<FlowCounts> {
    return this.#flow.counts()
  }
}

import type { JobName } from '../../src/job/types.js'
import type { Enqueuing } from '../enqueuing.js'
import type { Given, GivenJobs } from '../sending/given-jobs.js'
import type { JobsTogether } from './jobs-together.js'
import { jobsTogether } from './jobs-together.js'

/** What is called with a distributor that runs. */
export interface FlowHost {
  readonly enqueuing: Enqueuing
}

/** Jobs that belong together, as the app enqueues them. Each call throws JR_NOT_STARTED before the distributor is started. */
export class FlowCalls {
  readonly #host: () => FlowHost

  constructor(host: () => FlowHost) {
    this.#host = host
  }

  /**
   * Enqueues several jobs, of one name or of many: one node takes all of them in one step, or none. Each has its own args, `opts`
   * and feedbacks. They are checked first: of a wrong one a TypeError says where (`jobs[3].args.file is a function`), and none is
   * enqueued. When one is refused later (its id waits or runs, its key is taken, no node knows its name) all are, with its code, and
   * the error says which one it was. A job of them is never joined to another one. At most 10,000 jobs, with 8 MiB of args.
   * They run in no order: see `flow` for that.
   */
  enqueueAll = <const Names extends readonly JobName[]>(
    jobs: readonly [...GivenJobs<Names>],
  ): JobsTogether<Names> => jobsTogether(this.#host().enqueuing.enqueueAll(jobs as readonly Given[]))
}

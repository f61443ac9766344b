import { hasPriorityIn } from '../../src/job/terms/where.js'
import type { KnownJob, NodeState, Takes } from '../../src/wire/messages.js'
import { type Never, NO_JOBS, type Wish } from '../sending/node-choice.js'

/** Which jobs one node takes, as it has said. */
export class Abilities {
  #jobs = new Map<string, KnownJob>()
  #takes: Takes = NO_JOBS
  /** How many jobs it can run at once, on each kind of children. */
  #evented = 0
  #deferred = 0

  get jobs(): string[] {
    return [...this.#jobs.keys()]
  }

  get slots(): number {
    return this.#evented + this.#deferred
  }

  /** For as long as it is connected. */
  begin(takes: Takes): void {
    this.#takes = takes
  }

  learn({ jobs, evented, deferred }: Pick<NodeState, 'jobs' | 'evented' | 'deferred'>): void {
    this.#jobs = new Map(jobs.map((job) => [job.name, job]))
    this.#evented = evented
    this.#deferred = deferred
  }

  whyNot(job: Wish): Exclude<Never, 'ruled-out'> | null {
    if (!this.#jobs.has(job.name) && this.#takes.unknownJob !== 'wait') return 'unknown'
    if (job.agreed.highest > this.#takes.terms) return 'terms'
    if ((this.isDeferred(job) ? this.#deferred : this.#evented) === 0) return 'childless'
    return hasPriorityIn(this.#takes, job.agreed.terms) ? null : 'priority'
  }

  /** Whether it would run on a deferred child there. */
  isDeferred({ name, agreed }: Wish): boolean {
    return agreed.terms.defer ?? this.#jobs.get(name)?.defer ?? false
  }
}

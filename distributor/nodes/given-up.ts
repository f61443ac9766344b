import { renumber, restOf } from '../sending/bundle.js'
import type { OutJob } from '../sending/out-job.js'

/** A job as it was sent: another one may have its id by now. */
interface Sent extends Pick<OutJob, 'id' | 'edition'> {
  /** Those that were to be taken with it, under the numbers that follow. */
  readonly rest: readonly string[]
}

/** Jobs that were sent to a node and then given up: only the node knows whether they came. */
export class GivenUp {
  /** By the numbers under which they were sent. */
  readonly #jobs = new Map<number, Sent>()

  add(job: OutJob): void {
    const { id, edition, ticket } = job
    this.#jobs.set(ticket.number, { id, edition, rest: restOf(job).map((each) => each.id) })
  }

  /** The node did not take it. */
  refused(number: number): void {
    for (const [first, { rest }] of this.#jobs)
      if (number >= first && number <= first + rest.length) this.#jobs.delete(first)
  }

  /**
   * The node is back, and has taken what came up to this number: so the others never came. `take` answers those that
   * wait for a node still, and takes them out: they are this one's after all. The rest is elsewhere, or over, and not
   * to be run here.
   */
  settle(
    taken: number,
    take: (isIt: (job: OutJob) => boolean) => readonly OutJob[],
  ): { readonly back: readonly OutJob[]; readonly forget: readonly string[] } {
    const came = new Map<string, Sent & { readonly number: number }>()
    for (const [number, sent] of this.#jobs)
      if (number + sent.rest.length <= taken) came.set(sent.id, { ...sent, number })
    this.#jobs.clear()
    if (came.size === 0) return { back: [], forget: [] }
    const back = take(({ id, edition }) => came.get(id)?.edition === edition)
    for (const job of back) {
      renumber(job, came.get(job.id)?.number ?? 0)
      came.delete(job.id)
    }
    return { back, forget: [...came.values()].flatMap(({ id, rest }) => [id, ...rest]) }
  }
}

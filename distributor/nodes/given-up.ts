import type { OutJob } from '../sending/out-job.js'

/** A job as it was sent: another one may have its id by now. */
type Sent = Pick<OutJob, 'id' | 'edition'>

/** Jobs that were sent to a node and then given up: only the node knows whether they came. */
export class GivenUp {
  /** By the numbers under which they were sent. */
  readonly #jobs = new Map<number, Sent>()

  add({ id, edition, ticket }: OutJob): void {
    this.#jobs.set(ticket.number, { id, edition })
  }

  /** The node did not take it. */
  refused(number: number): void {
    this.#jobs.delete(number)
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
    const came = new Map<string, { readonly edition: number; readonly number: number }>()
    for (const [number, { id, edition }] of this.#jobs) if (number <= taken) came.set(id, { edition, number })
    this.#jobs.clear()
    if (came.size === 0) return { back: [], forget: [] }
    const back = take(({ id, edition }) => came.get(id)?.edition === edition)
    for (const { id, ticket } of back) {
      ticket.number = came.get(id)?.number ?? 0
      came.delete(id)
    }
    return { back, forget: [...came.keys()] }
  }
}

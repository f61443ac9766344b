import type { OutJob } from './out-job.js'

/** A job as it was sent: another one may have its id by now. */
interface Sent {
  readonly id: string
  readonly edition: number
  readonly number: number
}

/** Jobs that were sent to a node and then given up: only the node knows whether they came. */
export class GivenUp {
  #jobs: Sent[] = []

  add({ id, edition, ticket }: OutJob): void {
    this.#jobs.push({ id, edition, number: ticket.number })
  }

  /** The node did not take it. */
  refused(number: number): void {
    this.#jobs = this.#jobs.filter((sent) => sent.number !== number)
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
    const came = new Map(this.#jobs.filter(({ number }) => number <= taken).map((sent) => [sent.id, sent]))
    this.#jobs = []
    if (came.size === 0) return { back: [], forget: [] }
    const back = take(({ id, edition }) => came.get(id)?.edition === edition)
    for (const { id, ticket } of back) {
      ticket.number = came.get(id)?.number ?? 0
      came.delete(id)
    }
    return { back, forget: [...came.keys()] }
  }
}

/** What `writer.mjs` says. */
export type Said =
  | { opened: true }
  | { n: number; job?: string; is?: string; outcome?: number; acknowledged?: number[] }
  | { safe: number }
  | { bad: string; of: number }

/**
 * What may be in a store after the power was lost: of each job, what it was when something durable was last
 * acknowledged, and all that it was to become after that.
 */
export class Expected {
  readonly #jobs = new Map<string, { n: number; is: string }[]>()
  /** By outcome. */
  readonly #made = new Map<number, number>()
  readonly #acknowledged = new Map<number, number>()
  #safe = 0

  has(id: string): boolean {
    return this.#jobs.has(id)
  }

  /** Of each job what it is. */
  stands(): string[] {
    return [...this.#jobs].map(([id, steps]) => `${id} ${steps.at(-1)?.is}`)
  }

  set(id: string, is: string, n = 0): void {
    this.#jobs.set(id, [...(this.#jobs.get(id) ?? []), { n, is }])
  }

  outcome(seq: number, n = 0): void {
    this.#made.set(seq, n)
  }

  add(said: readonly Said[]): void {
    for (const each of said) {
      if ('safe' in each) this.#safe = each.safe
      if (!('n' in each)) continue
      const { n, job, is, outcome, acknowledged } = each
      if (job !== undefined && is !== undefined) this.set(job, is, n)
      if (outcome !== undefined) this.outcome(outcome, n)
      for (const seq of acknowledged ?? []) this.#acknowledged.set(seq, n)
    }
  }

  /** Without `promised`, what was acknowledged may be lost all the same. */
  compare(found: Expected, promised: boolean): string[] {
    const wrong: string[] = []
    const safe = promised ? this.#safe : -1
    for (const [id, steps] of this.#jobs) {
      const is = found.#jobs.get(id)?.[0]?.is ?? 'gone'
      const last = steps.findLast(({ n }) => n <= safe)
      const may = steps.filter(({ n }) => n > safe).map((step) => step.is)
      may.push(last?.is ?? 'gone')
      // That an attempt has begun may be lost by itself.
      if (!promised) may.push(...may.map((each) => each.replace('runs', 'waits')))
      if (!may.includes(is)) wrong.push(`${id} ${is}, and not one of: ${may}`)
    }
    for (const id of found.#jobs.keys()) if (!this.#jobs.has(id)) wrong.push(`${id} was never there`)
    for (const [seq, n] of this.#made) {
      const acknowledged = this.#acknowledged.get(seq) ?? Number.POSITIVE_INFINITY
      const there = found.#made.has(seq)
      if (!there && n <= safe && acknowledged === Number.POSITIVE_INFINITY)
        wrong.push(`outcome ${seq} is lost`)
      if (there && acknowledged <= safe) wrong.push(`outcome ${seq} is there again`)
    }
    for (const seq of found.#made.keys())
      if (!this.#made.has(seq)) wrong.push(`outcome ${seq} was never there`)
    return wrong
  }
}

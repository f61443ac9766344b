import { JrError } from '#dist/src/errors.js'
import { IMMEDIATE } from '#dist/src/job/lane.js'
import type { Store } from '#dist/src/store/contract.js'
import { until } from '../system/harness.js'
import { beginOf, endOf, insertOf, outcomeOf, recordOf } from './changes.js'

/**
 * Changes a store without a pause, two groups at a time as a node does, and remembers what it was answered: of each job
 * first that it is stored, later, of every second one, that it has ended.
 */
export class Pressure {
  readonly #store: Store
  #last = 0
  #stopped = false
  #over: Promise<unknown> = Promise.resolve()
  readonly stored = new Set<string>()
  readonly ended = new Set<string>()
  /** Other answers than ok: there must be none. */
  readonly strange: string[] = []
  /** What the store refused with; null while it has not. */
  refused: JrError | null = null

  constructor(store: Store) {
    this.#store = store
  }

  begin(): void {
    this.#over = Promise.all([this.#press(), this.#press()])
  }

  /** Resolves when so many more jobs have been stored, or the store has refused. */
  async more(count: number): Promise<void> {
    const goal = this.stored.size + count
    await until(() => this.stored.size >= goal || this.refused !== null)
  }

  /** Resolves when the store has refused, and every call has settled. */
  async refusal(): Promise<JrError> {
    await this.#over
    if (this.refused === null) throw new Error('the store was not refused anything')
    return this.refused
  }

  /** Resolves when every call has settled. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#over
  }

  async #press(): Promise<void> {
    while (!this.#stopped && this.refused === null) {
      const n = ++this.#last
      const job = recordOf(n)
      if (!(await this.#commit([insertOf(job, n)]))) return
      this.stored.add(job.id)
      if (n % 2 === 0) continue
      if (!(await this.#commit([beginOf(job), endOf(job, outcomeOf(job, 2 ** 33 + n))]))) return
      this.ended.add(job.id)
    }
  }

  async #commit(changes: Parameters<Store['commit']>[0]): Promise<boolean> {
    try {
      const answers = await this.#store.commit(changes, true)
      for (const answer of answers) if (answer !== 'ok') this.strange.push(JSON.stringify(answer))
      return true
    } catch (error) {
      if (!(error instanceof JrError)) throw error
      this.refused ??= error
      return false
    }
  }
}

/** What it was answered that is not so: jobs that are gone, and outcomes that are not there or there twice. */
export async function missing(store: Store, { stored, ended }: Pressure): Promise<string[]> {
  const waiting = new Set<string>()
  for (let after = null; ; ) {
    const page = await store.waiting(IMMEDIATE, after, 1000, 1e9)
    for (const { id } of page) waiting.add(id)
    after = page.at(-1) ?? null
    if (after === null) break
  }
  const told = (await store.outcomes('app', 0, 1e6, 1e9)).map(({ id }) => id)
  const outcomes = new Set(told)
  const gone = [...stored].filter((id) => !waiting.has(id) && !outcomes.has(id))
  const unended = [...ended].filter((id) => waiting.has(id) || !outcomes.has(id))
  const twice = told.length - outcomes.size
  return [...gone, ...unended, ...(twice > 0 ? [`${twice} outcomes twice`] : [])]
}

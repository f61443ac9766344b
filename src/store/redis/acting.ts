import { sleep } from '../../clock.js'
import { JrError } from '../../errors.js'
import type { StoredJob } from '../../job/record.js'
import { ACTS, type Act, type ActAnswer, pagesFor } from '../../verbs/acts.js'
import type { ParsedActQuery, ParsedQuery } from '../../verbs/query.js'
import type { ParsedUpdate } from '../../verbs/update.js'
import { Asking } from './asking.js'
import { LARGEST_ASK } from './asks.js'
import { destroyByScript } from './destruction.js'
import type { Standing, Visit } from './visit.js'

/** How long a node is waited for before it is asked again, or looked at again; doubles. */
const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 4000
/** Between two looks for a job that moves. */
const MOVING_MS = 20
/** A little later than the end of a lease, for clocks that count in whole milliseconds. */
const SLACK_MS = 5

/** What is done in Redis when nobody has the node's lease. All else needs a node. */
const SCRIPTS: { readonly [A in Act]?: typeof destroyByScript } = { destroy: destroyByScript }

/** `unknown`: the node that was asked is gone, and so is the job. */
type Answer = ActAnswer | 'unknown'

/**
 * Does something to jobs in a Redis that nodes share, for one who is no node. The node that has a job does it, as long as
 * there is one: it may be running the job. When nobody has the lease of the node, a script does what a script can do.
 */
export class Acting {
  readonly #visit: Visit
  readonly #act: Act
  readonly #update: { readonly update?: ParsedUpdate }
  #asking: Asking | null = null
  /** Something has been asked of a node or of Redis that may be done, whatever is heard of it. */
  #begun = false

  /** `update`: goes with that act. */
  constructor(visit: Visit, act: Act, update: ParsedUpdate | undefined) {
    this.#visit = visit
    this.#act = act
    this.#update = update === undefined ? {} : { update }
  }

  /** One job, whichever node has it. */
  one(id: string): Promise<ActAnswer> {
    return this.#sayWhatIsKnown(this.#one(id))
  }

  /** All jobs of a node that the query meets. Answers how many. */
  all(node: string, query: ParsedActQuery): Promise<number> {
    return this.#sayWhatIsKnown(this.#all(node, query))
  }

  close(): void {
    this.#asking?.close()
  }

  async #one(id: string): Promise<ActAnswer> {
    const { timeoutMs } = this.#visit
    const until = this.#visit.clock.mono() + timeoutMs
    let unknown: string | null = null
    for (;;) {
      const found = await this.#visit.find(id)
      if (found === null) {
        if (unknown === null) return 'not-found'
        throw new JrError('JR_CONNECTION', `node ${unknown} was lost while it was asked; job '${id}' is gone`)
      }
      const [answer] = await this.#onNode(found.node, [found.stored], until)
      if (answer === 'done' || answer === 'refused') return answer
      if (answer === 'unknown') unknown = found.node
      // It has moved or ended meanwhile: it is looked for again.
      await sleep(this.#visit.clock, MOVING_MS)
      if (this.#visit.clock.mono() > until) {
        throw new JrError('JR_CONNECTION', `job '${id}' went from node to node for ${timeoutMs} ms`)
      }
    }
  }

  async #all(node: string, { dryRun, ...filter }: ParsedActQuery): Promise<number> {
    await this.#visit.mustKnow(node)
    /** Those to which it has been done, where that does not keep them from meeting the query once more. */
    const once = new Set<string>()
    let done = 0
    const page = (query: ParsedQuery) => this.#visit.list(node, { ...query, limit: LARGEST_ASK })
    for await (const met of pagesFor(this.#act, filter, page)) {
      const jobs = met.filter(({ job }) => !once.has(job.id))
      if (ACTS[this.#act].onceOnly) for (const { job } of jobs) once.add(job.id)
      if (dryRun === true) done += jobs.length
      else if (jobs.length > 0) done += await this.#some(node, jobs, done)
    }
    return done
  }

  async #some(node: string, jobs: readonly StoredJob[], before: number): Promise<number> {
    const until = this.#visit.clock.mono() + this.#visit.timeoutMs
    const answers = await this.#onNode(node, jobs, until)
    const done = answers.filter((answer) => answer === 'done').length
    if (!answers.includes('unknown')) return done
    const text = `${before + done} jobs are ${ACTS[this.#act].done}, and perhaps more`
    throw new JrError('JR_CONNECTION', `node ${node} was lost while it was asked: ${text}`)
  }

  async #onNode(node: string, jobs: readonly StoredJob[], until: number): Promise<readonly Answer[]> {
    const ask = this.#visit.chance.id()
    const ids = jobs.map(({ job }) => job.id)
    let asked = false
    let heard = false
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      const standing = await this.#visit.standing(node)
      if (standing === null) return ids.map(() => (heard ? 'unknown' : 'not-found'))
      const { lease, leaseMs } = standing.shown
      const left = until - this.#visit.clock.mono()
      if (left <= 0) throw this.#silent(node, heard)
      // Redis may have been away, and all leases have ended with it: who answers all the same is there.
      if (standing.fenced || lease === 'stopped' || (lease === 'lost' && asked)) {
        const done = await this.#byScript(standing, jobs)
        if (done !== null) return done.map((one) => (heard && one === 'not-found' ? 'unknown' : one))
        continue
      }
      const waitMs = Math.min(left, lease === 'held' ? Math.min(wait, leaseMs + SLACK_MS) : FIRST_WAIT_MS)
      const answer = await this.#ask(node, ask, ids, waitMs).catch((error) => {
        // Where nobody has the lease, to ask was only a courtesy. Redis itself is heard of with the next look.
        if (lease === 'held') throw error
        return 'nobody' as const
      })
      if (typeof answer !== 'string') return answer
      asked = true
      heard ||= answer === 'silence'
      if (answer === 'nobody' && lease === 'held') await sleep(this.#visit.clock, waitMs)
    }
  }

  /** What fails on the way to Redis may have been done all the same. */
  async #sayWhatIsKnown<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      if (!this.#begun || !(error instanceof JrError) || error.code !== 'JR_STORE') throw error
      throw new JrError(error.code, `${error.message}; what was to be ${ACTS[this.#act].done} may be so`)
    }
  }

  #ask(node: string, ask: string, ids: readonly string[], waitMs: number) {
    const { prefix, contactMs, client: mouth, connect, clock, chance } = this.#visit
    this.#begun = true
    this.#asking ??= new Asking({ prefix, contactMs, mouth, ear: connect(), clock, chance })
    return this.#asking.ask(node, { id: ask, act: this.#act, ids, ...this.#update }, waitMs)
  }

  /** Null when somebody has the lease by now, or somebody else has done something: look again. */
  #byScript(standing: Standing, jobs: readonly StoredJob[]): Promise<ActAnswer[] | null> {
    const script = SCRIPTS[this.#act]
    if (script === undefined) {
      const node = standing.shown.name
      const text = `node ${node} does not run: start it, and its jobs can be ${ACTS[this.#act].done}`
      throw new JrError('JR_CONNECTION', text)
    }
    this.#begun = true
    return script(this.#visit, standing, jobs)
  }

  #silent(node: string, heard: boolean): JrError {
    const { timeoutMs } = this.#visit
    const outcome = heard ? 'what was asked may have been done' : `nothing was ${ACTS[this.#act].done}`
    return new JrError(
      'JR_CONNECTION',
      `node ${node} has its lease, and did not answer for ${timeoutMs} ms: ${outcome}`,
    )
  }
}

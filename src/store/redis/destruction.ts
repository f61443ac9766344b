import { sleep } from '../../clock.js'
import { packError } from '../../error-record.js'
import { JrError } from '../../errors.js'
import { epochAt, epochOfMs, firstNumber, msOfEpoch } from '../../job/numbers.js'
import { outcomeOf } from '../../job/outcome.js'
import type { Outcome } from '../../job/record.js'
import { isTerminal, transition } from '../../job/states.js'
import type { ListQuery, StoredJob } from '../contract.js'
import { Asking } from './asking.js'
import { LARGEST_ASK } from './asks.js'
import { writeOutcome } from './change-fields.js'
import { FieldWriter } from './field-writer.js'
import { nodeKeys, placeOf } from './keys.js'
import type { Standing, Visit } from './visit.js'

/** How long a node is waited for before it is asked again, or looked at again; doubles. */
const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 4000
/** Between two looks for a job that moves. */
const MOVING_MS = 20
/** A little later than the end of a lease, for clocks that count in whole milliseconds. */
const SLACK_MS = 5
/** How long the answer of a script is kept, for when it is lost on its way. */
const KEPT_ANSWER_MS = 60_000

/** Null: nobody knows. The node that was asked is gone, and so is the job. */
type Destroyed = boolean | null

/**
 * Destroys jobs in a Redis that nodes share, for one who is no node. The node that has a job does it, as long as there
 * is one: it may be running the job. When nobody has the lease of the node, a script does it, which looks at the lease
 * itself: so it is never in the way of a node that opens, comes back or takes over.
 */
export class Destruction {
  readonly #visit: Visit
  #asking: Asking | null = null
  /** Something has been asked of a node or of Redis that may be done, whatever is heard of it. */
  #begun = false

  constructor(visit: Visit) {
    this.#visit = visit
  }

  /** One job, whichever node has it. False when none has. */
  one(id: string): Promise<boolean> {
    return this.#sayWhatIsKnown(this.#one(id))
  }

  /** All jobs of a node that the query meets. Answers how many. */
  all(node: string, query: Pick<ListQuery, 'state' | 'name'>): Promise<number> {
    return this.#sayWhatIsKnown(this.#all(node, query))
  }

  close(): void {
    this.#asking?.close()
  }

  async #one(id: string): Promise<boolean> {
    const { timeoutMs } = this.#visit
    const until = this.#visit.clock.mono() + timeoutMs
    let unknown: string | null = null
    for (;;) {
      const found = await this.#visit.find(id)
      if (found === null) {
        if (unknown === null) return false
        throw new JrError('JR_CONNECTION', `node ${unknown} was lost while it was asked; job '${id}' is gone`)
      }
      const [destroyed] = await this.#onNode(found.node, [found.stored], until)
      if (destroyed === true) return true
      if (destroyed === null) unknown = found.node
      // It has moved or ended meanwhile: it is looked for again.
      await sleep(this.#visit.clock, MOVING_MS)
      if (this.#visit.clock.mono() > until) {
        throw new JrError('JR_CONNECTION', `job '${id}' went from node to node for ${timeoutMs} ms`)
      }
    }
  }

  async #all(node: string, query: Pick<ListQuery, 'state' | 'name'>): Promise<number> {
    await this.#visit.mustKnow(node)
    const reader = this.#visit.reader(node)
    let destroyed = 0
    for (let after: string | undefined; ; ) {
      const page = await reader.list({ ...query, after, limit: LARGEST_ASK })
      if (page.jobs.length > 0) {
        const until = this.#visit.clock.mono() + this.#visit.timeoutMs
        const answers = await this.#onNode(node, page.jobs, until)
        destroyed += answers.filter((one) => one === true).length
        if (answers.includes(null)) {
          const text = `node ${node} was lost while it was asked: ${destroyed} jobs are destroyed, and perhaps more`
          throw new JrError('JR_CONNECTION', text)
        }
      }
      if (page.next === null) return destroyed
      after = page.next
    }
  }

  async #onNode(node: string, jobs: readonly StoredJob[], until: number): Promise<readonly Destroyed[]> {
    const ask = this.#visit.chance.id()
    const ids = jobs.map(({ job }) => job.id)
    let asked = false
    let heard = false
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      const standing = await this.#visit.standing(node)
      if (standing === null) return ids.map(() => (heard ? null : false))
      const { lease, leaseMs } = standing.shown
      const left = until - this.#visit.clock.mono()
      if (left <= 0) throw silent(node, this.#visit.timeoutMs, heard)
      // Redis may have been away, and all leases have ended with it: who answers all the same is there.
      if (standing.fenced || lease === 'stopped' || (lease === 'lost' && asked)) {
        const done = await this.#byScript(standing, jobs)
        if (done !== null) return done.map((one) => (heard && !one ? null : one))
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
      throw new JrError(error.code, `${error.message}; what was to be destroyed may be gone`)
    }
  }

  #ask(node: string, ask: string, ids: readonly string[], waitMs: number) {
    const { prefix, contactMs, client: mouth, connect, clock, chance } = this.#visit
    this.#begun = true
    this.#asking ??= new Asking({ prefix, contactMs, mouth, ear: connect(), clock, chance })
    return this.#asking.ask(node, ask, ids, waitMs)
  }

  /** Later than a node's, as `lua/open.lua` would give it. */
  async #newEpoch(last: string): Promise<number> {
    const [seconds] = (await this.#visit.ask(() => this.#visit.client.call('TIME'))) as Buffer[]
    return Math.max(msOfEpoch(epochAt(Number(seconds) * 1000)), Number(last) + 1)
  }

  /** Null when somebody has the lease by now, or somebody else has destroyed something: look again. */
  async #byScript({ shown, epoch, given }: Standing, jobs: readonly StoredJob[]): Promise<boolean[] | null> {
    const { prefix, shared } = this.#visit
    const keys = nodeKeys(prefix, shown.name)
    const { waiting, running, ended, outcomes, payloads } = keys
    const ours = given === '' ? await this.#newEpoch(epoch) : Number(epoch)
    const first = firstNumber(epochOfMs(ours)) + Number(given)
    const now = this.#visit.clock.now()
    const out = new FieldWriter()
    for (const [i, stored] of jobs.entries())
      out.list(() => writeDestroyed(out, shown.name, stored, first + i, now))
    const answerKey = `{${prefix}}:destroyed:${this.#visit.chance.id()}`
    this.#begun = true
    const answer = await this.#visit.run(
      'destroy',
      [keys.node, shared.leases, shared.jobs, waiting, running, ended, outcomes, payloads, answerKey],
      [
        shown.name,
        epoch,
        given,
        String(ours),
        String(Number(given) + jobs.length),
        String(KEPT_ANSWER_MS),
        out.take(),
      ],
    )
    const letters = String(answer)
    return letters === '' ? null : Array.from(letters, (letter) => letter === 'o')
  }
}

function silent(node: string, ms: number, heard: boolean): JrError {
  const outcome = heard ? 'what was asked may have been done' : 'nothing was destroyed'
  return new JrError(
    'JR_CONNECTION',
    `node ${node} has its lease, and did not answer for ${ms} ms: ${outcome}`,
  )
}

/** What `lua/destroy.lua` is to do. */
function writeDestroyed(out: FieldWriter, node: string, stored: StoredJob, seq: number, now: number): void {
  const { job, state } = stored
  if (isTerminal(state)) {
    out.text('e')
    out.text(job.id)
  } else {
    out.text(state === 'running' ? 'r' : 'w')
    out.text(placeOf(job, job.id))
  }
  const outcome = job.wanted && !isTerminal(state) ? cancelled(node, stored, seq, now) : null
  writeOutcome(out, outcome)
}

function cancelled(node: string, stored: StoredJob, seq: number, now: number): Outcome {
  const { job, state, startedAt } = stored
  const message = `job ${job.id} ('${job.name}') was cancelled while its node was away`
  return outcomeOf(job, {
    state: transition(state, 'cancelled'),
    seq,
    node,
    attempt: job.attempt,
    startedAt,
    finishedAt: now,
    child: 0,
    args: job.args,
    error: packError(new JrError('JR_CANCELLED', message)),
    more: false,
  })
}

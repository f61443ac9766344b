import { packError } from '../../bytes/error-record.js'
import { JrError } from '../../errors.js'
import { membershipOf } from '../../job/flow.js'
import { epochAt, epochOfMs, firstNumber, msOfEpoch } from '../../job/numbers.js'
import { outcomeOf } from '../../job/outcome.js'
import type { JobRecord, Outcome, StoredJob } from '../../job/record.js'
import { isTerminal, transition } from '../../job/states.js'
import type { ActAnswer } from '../../verbs/acts.js'
import type { NoteName } from '../contract.js'
import { flowNote } from '../flow-notes.js'
import { savedNote } from '../saved.js'
import { firstNote } from '../serial.js'
import { standsOf, tagNotes } from '../tags.js'
import { heldKey } from '../unique.js'
import { wishNote } from '../wishes.js'
import { scopedName, writeOutcome } from './change-fields.js'
import { FieldWriter } from './field-writer.js'
import { nodeKeys, placeOf } from './keys.js'
import type { Standing, Visit } from './visit.js'

/** How long the answer of a script is kept, for when it is lost on its way. */
const KEPT_ANSWER_MS = 60_000

/**
 * Destroys jobs of a node of which nobody has the lease. The script looks at the lease itself: so it is never in the way of
 * a node that opens, comes back or takes over. Null when somebody has the lease by now, or somebody else has destroyed
 * something: look again.
 */
export async function destroyByScript(
  visit: Visit,
  { shown, epoch, given }: Standing,
  jobs: readonly StoredJob[],
): Promise<ActAnswer[] | null> {
  const { prefix, shared } = visit
  const keys = nodeKeys(prefix, shown.name)
  const { waiting, running, ended, outcomes, payloads, notes: own } = keys
  const { leases, jobs: rows, notes: common } = shared
  const ours = given === '' ? await newEpoch(visit, epoch) : Number(epoch)
  const first = firstNumber(epochOfMs(ours)) + Number(given)
  const now = visit.clock.now()
  const out = new FieldWriter()
  for (const [i, stored] of jobs.entries())
    out.list(() => writeDestroyed(out, shown.name, stored, first + i, now))
  const answerKey = `{${prefix}}:destroyed:${visit.chance.id()}`
  const answer = await visit.run(
    'destroy',
    [
      ...[keys.node, leases, rows, waiting, running, ended, outcomes, payloads, answerKey],
      ...[common.names, common.values, own.names, own.values],
    ],
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
  return letters === '' ? null : Array.from(letters, (letter) => (letter === 'o' ? 'done' : 'not-found'))
}

/** Later than a node's, as `lua/open.lua` would give it. */
async function newEpoch(visit: Visit, last: string): Promise<number> {
  const [seconds] = (await visit.ask(() => visit.client.call('TIME'))) as Buffer[]
  return Math.max(msOfEpoch(epochAt(Number(seconds) * 1000)), Number(last) + 1)
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
  if (isTerminal(state)) return
  for (const name of tagNotes(job, standsOf(state))) out.text(scopedName(name))
  for (const name of [heldKey(job, state), firstNote(job), memberNote(job)])
    if (name !== null) out.text(scopedName(name))
  if (state === 'running' || job.course.saved) out.text(scopedName(savedNote(job.id)))
  if (state === 'running') out.text(scopedName(wishNote(job.id)))
}

/** Whoever needs it finds that it is there no more. */
function memberNote(job: JobRecord): NoteName | null {
  const of = membershipOf(job)
  return of === null ? null : flowNote(of.flow, of.key)
}

function cancelled(node: string, stored: StoredJob, seq: number, now: number): Outcome {
  const { job, state, startedAt } = stored
  const message = `job ${job.id} ('${job.name}') was cancelled while its node was away`
  return outcomeOf(job, {
    state: transition(state, 'cancelled'),
    seq,
    node,
    attempt: job.course.attempt,
    startedAt,
    finishedAt: now,
    child: 0,
    args: job.args,
    error: packError(new JrError('JR_CANCELLED', message)),
    more: false,
  })
}

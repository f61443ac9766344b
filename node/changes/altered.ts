import type { Now } from '../../src/clock.js'
import { JrError } from '../../src/errors.js'
import type { JobDefinition } from '../../src/job/definition.js'
import { checkedTime, dueAfter } from '../../src/job/due.js'
import { isBlocked, laneFor, lanePartsOf } from '../../src/job/lane.js'
import type { JobRecord } from '../../src/job/record.js'
import { changesSeries, placedAt, standingOf } from '../../src/job/series.js'
import { changed, forArgs } from '../../src/job/terms/agreed.js'
import type { ParsedUpdate } from '../../src/verbs/update.js'
import { firstDueOf } from '../run/verdict.js'
import { isDeferred } from '../session/admit.js'

/** Of the node, when a waiting job is changed. */
export interface Moment {
  readonly now: Now
  /** Of its new place. */
  readonly seq: number
}

/** The same job due at once. The slots of a schedule stay where they are: this is the next one, early. */
export function dueNow(job: JobRecord, { now, seq }: Moment): JobRecord {
  const lane = laneFor({ ...lanePartsOf(standingOf(job).lane), timed: false })
  const firstDue = firstDueOf(job, now.steady - now.wall)
  const course = { ...job.course, firstDue }
  return placedAt({ ...job, byWall: false, course }, { lane, due: now.steady }, seq)
}

/**
 * The same job with other args, terms, or another time. `key`: of the lane of such a job. Throws as `changed` does, and
 * JR_WRONG_STATE for the series of a job that waits for others.
 */
export function altered(
  job: JobRecord,
  update: ParsedUpdate,
  known: JobDefinition | undefined,
  key: (job: JobRecord) => string,
  { now, seq }: Moment,
): JobRecord {
  const { terms = NOTHING, without = [] } = update
  // A view would keep the whole read that it came in, for as long as the job waits.
  const args = update.args === undefined ? job.args : Buffer.from(update.args)
  const agreed = forArgs(changed(job.agreed, terms, without), args)
  const other: JobRecord = { ...job, agreed, args }
  const time = timeOf(update, now)
  const { timed, due, byWall } = time ?? { ...standingAt(job), byWall: job.byWall }
  const lane = laneFor({
    timed,
    deferred: isDeferred(other, known),
    priority: agreed.terms.priority ?? 0,
    key: key(other),
  })
  const anew = time !== null || agreed.terms.periodMs !== job.agreed.terms.periodMs
  const slots = anew && job.course.firstDue !== null ? { firstDue: null, slot: 0 } : {}
  const course = { ...job.course, ...slots }
  if (!changesSeries(job, other)) return placedAt({ ...other, byWall, course }, { lane, due }, seq)
  if (isBlocked(job.lane)) {
    const text = `job '${job.id}' waits for other jobs, and comes to its series when they have ended`
    throw new JrError('JR_WRONG_STATE', text)
  }
  return { ...other, byWall, lane, due, seq, course: { ...course, behind: null } }
}

function standingAt(job: JobRecord): { readonly timed: boolean; readonly due: number } {
  const { lane, due } = standingOf(job)
  return { timed: lanePartsOf(lane).timed, due }
}

/** Null: as before. */
function timeOf(
  { delayMs, runAt }: ParsedUpdate,
  { steady, wall }: Now,
): { readonly timed: boolean; readonly due: number; readonly byWall: boolean } | null {
  if (delayMs === undefined && runAt === undefined) return null
  const timed = runAt === undefined ? (delayMs ?? 0) > 0 : runAt > wall
  if (!timed) return { timed, due: steady, byWall: false }
  if (runAt === undefined) return { timed, due: dueAfter(steady, delayMs ?? 0), byWall: false }
  return { timed, due: checkedTime(runAt), byWall: true }
}

const NOTHING = Buffer.alloc(0)

import type { JobRecord, Outcome, Place } from '../../job/record.js'
import type { Acknowledge, Begin, End, Insert, SharedChange, SharedSingle } from '../contract.js'

/**
 * A group of changes, those of one sort together: so Redis does many with one command. It looks first whether all jobs
 * are where they should be, and does none of the group when one is not.
 */
export interface SortedChanges {
  /** New jobs that wait, and new ones that begin. */
  readonly fresh: JobRecord[]
  readonly started: Begin[]
  /** They come, begin and end in this group: of these only the id is looked for. */
  readonly passing: string[]
  /** Jobs that waited. */
  readonly begun: Begin[]
  /** Jobs that ran. */
  readonly ended: JobRecord[]
  readonly outcomes: Outcome[]
  readonly acknowledged: Acknowledge[]
  /** What comes by itself after all these: places in the group. */
  readonly single: number[]
}

/** What becomes of one job in a group. */
interface Course {
  readonly insert: Insert | null
  begin: Begin | null
  end: End | null
}

/** `singly`: each by itself. */
export function sortChanges(changes: readonly SharedChange[], singly: boolean): SortedChanges {
  const sorted: SortedChanges = {
    fresh: [],
    started: [],
    passing: [],
    begun: [],
    ended: [],
    outcomes: [],
    acknowledged: [],
    single: [],
  }
  const courses = new Map<string, Course>()
  const taken = new Set<string>()
  // Of the group so far: what is reported is newer than what is acknowledged, or goes by itself.
  let [oldestReported, newestAcknowledged] = [Number.POSITIVE_INFINITY, 0]
  for (const [i, change] of changes.entries()) {
    if (change.kind === 'together') {
      for (const each of change.changes) {
        const id = idOf(each)
        if (id !== null) taken.add(id)
        for (const seq of seqsIn(each)) oldestReported = Math.min(oldestReported, seq)
      }
      sorted.single.push(i)
      continue
    }
    const alone = singly || change.notes !== undefined
    if (change.kind === 'acknowledge') {
      for (const seq of change.seqs) if (seq > newestAcknowledged) newestAcknowledged = seq
      if (alone || newestAcknowledged >= oldestReported) sorted.single.push(i)
      else sorted.acknowledged.push(change)
      continue
    }
    const outcome = 'outcome' in change ? change.outcome : null
    const id = idOf(change)
    const late = outcome !== null && outcome.seq <= newestAcknowledged
    if (outcome !== null && outcome.seq < oldestReported) oldestReported = outcome.seq
    if (!alone && !late && id !== null && !taken.has(id) && joins(courses, id, change)) {
      if (outcome !== null) sorted.outcomes.push(outcome)
      continue
    }
    if (id !== null) taken.add(id)
    sorted.single.push(i)
  }
  for (const course of courses.values()) place(course, sorted)
  return sorted
}

/** Of outcomes that it reports or acknowledges: what acknowledges such behind it comes after it. */
function seqsIn(change: SharedSingle): readonly number[] {
  if (change.kind === 'acknowledge') return change.seqs
  const outcome = 'outcome' in change ? change.outcome : null
  return outcome === null ? [] : [outcome.seq]
}

function idOf(change: SharedSingle): string | null {
  switch (change.kind) {
    case 'insert':
    case 'begin':
      return change.job.id
    case 'end':
    case 'move':
      return change.from.id
    case 'remove':
      return change.id
    default:
      return null
  }
}

/** Whether the change goes on with what the group does to the job. If not it comes after, by itself. */
function joins(courses: Map<string, Course>, id: string, change: SharedSingle): boolean {
  const course = courses.get(id)
  switch (change.kind) {
    case 'insert':
      if (course !== undefined || (change.sentBefore?.length ?? 0) > 0) return false
      courses.set(id, { insert: change, begin: null, end: null })
      return true
    case 'begin':
      if (course === undefined) courses.set(id, { insert: null, begin: change, end: null })
      else if (course.begin !== null || course.insert?.job !== change.job) return false
      else course.begin = change
      return true
    case 'end':
      if (!change.running || change.keep !== null || change.owner !== undefined) return false
      if (course === undefined) courses.set(id, { insert: null, begin: null, end: change })
      else if (course.begin === null || course.end !== null || !isAt(course.insert?.job, change.from))
        return false
      else course.end = change
      return true
    default:
      return false
  }
}

function isAt(one: Place | undefined, other: Place): boolean {
  return one === other || (one?.lane === other.lane && one.due === other.due && one.seq === other.seq)
}

function place({ insert, begin, end }: Course, sorted: SortedChanges): void {
  if (insert === null) {
    if (begin !== null) sorted.begun.push(begin)
    else if (end !== null) sorted.ended.push(end.from)
  } else if (begin === null) sorted.fresh.push(insert.job)
  else if (end === null) sorted.started.push(begin)
  else sorted.passing.push(insert.job.id)
}

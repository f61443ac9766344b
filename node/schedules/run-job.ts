import type { Now } from '../../src/clock.js'
import { FRESH } from '../../src/job/course.js'
import type { JobDefinition } from '../../src/job/definition.js'
import type { JobRecord } from '../../src/job/record.js'
import { RUN_EDITION } from '../../src/schedules/runs.js'
import { NOT_SENT } from '../../src/wire/job-fields.js'
import { admit } from '../session/admit.js'
import type { Kept } from './kept.js'

/** A run of a schedule, as the node would take it from the app that has made the schedule. */
export function runJob(
  id: string,
  { definition, agreed, course }: Kept,
  known: JobDefinition | undefined,
  now: Now,
  seq: number,
  key: string,
): JobRecord {
  const { name, args } = definition
  const job = { id, edition: RUN_EDITION, name, agreed, args }
  const sent = { job, delayMs: null, byWall: false, heldMs: 0, wanted: course.wanted, sentBefore: NOT_SENT }
  const from = { name: course.app, instance: course.instance }
  const made = admit(sent, from, known, now, seq, key)
  return { ...made, course: { ...FRESH, slot: course.runs } }
}

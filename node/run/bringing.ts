import type { JobRecord } from '../../src/job/record.js'
import type { Flows } from '../flows/flows.js'
import type { Brought } from './attempt.js'
import type { Sayings } from './sayings.js'

const NOTHING = Buffer.alloc(0)

/** What an attempt is given beside its args, which has to be read for it; null: nothing, as most are. */
export function broughtTo(
  job: JobRecord,
  sayings: Pick<Sayings, 'saved'>,
  flows: Pick<Flows, 'given'>,
): Promise<Brought> | null {
  const saved = job.course.saved ? sayings.saved(job.id) : null
  const given = flows.given(job)
  return saved === null && given === null ? null : both(saved, given)
}

async function both(saved: Promise<Buffer | null> | null, given: Promise<Buffer> | null): Promise<Brought> {
  return { saved: (await saved) ?? NOTHING, given: (await given) ?? NOTHING }
}

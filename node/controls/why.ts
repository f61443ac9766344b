import type { JobRecord } from '../../src/job/record.js'
import type { Wait } from '../../src/job/waits.js'
import type { WaitFacts } from '../../src/verbs/waits.js'
import type { Controls } from './controls.js'

type Waiting = Pick<JobRecord, 'name' | 'agreed'>

/** Why a job that is due has not begun. Null: it waits for room, or for those in front of it. */
export function whyWaits(
  job: Waiting,
  scheduler: { whyWaits(job: Waiting): Wait | null },
  controls: Pick<Controls, 'pauseOf'>,
): WaitFacts | null {
  const node = controls.pauseOf(null, null)
  if (node !== null) return { reason: 'node-paused', group: null, ...node }
  const wait = scheduler.whyWaits(job)
  if (wait === null) return null
  if (wait.reason === 'unknown') return { ...wait, group: null }
  return wait.reason === 'paused' ? { ...wait, ...controls.pauseOf(job.name, wait.group) } : wait
}

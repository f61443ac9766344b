import type { JobRecord } from '../../src/job/record.js'
import type { Wait } from '../../src/job/waits.js'
import type { WaitFacts } from '../../src/verbs/waits.js'
import type { Controls } from './controls.js'

type Waiting = Pick<JobRecord, 'name' | 'agreed' | 'course' | 'lane'>

/** Who is asked. */
interface Asked {
  readonly replacing: { whyWaits(job: Waiting): Wait | null }
  readonly series: { whyWaits(job: Waiting): Wait | null }
  readonly scheduler: { whyWaits(job: Waiting): Wait | null }
  readonly controls: Pick<Controls, 'pauseOf'>
}

/** Why a job that is due has not begun. Null: it waits for room, or for those in front of it. */
export function whyWaits(job: Waiting, { replacing, series, scheduler, controls }: Asked): WaitFacts | null {
  const node = controls.pauseOf(null, null)
  if (node !== null) return { reason: 'node-paused', group: null, ...node }
  const wait = replacing.whyWaits(job) ?? series.whyWaits(job) ?? scheduler.whyWaits(job)
  if (wait === null) return null
  if (wait.reason === 'unknown' || wait.reason === 'serial' || wait.reason === 'unique')
    return { ...wait, group: null }
  return wait.reason === 'paused' ? { ...wait, ...controls.pauseOf(job.name, wait.group) } : wait
}

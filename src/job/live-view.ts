import type { Now } from '../clock.js'
import { nowFor } from './due.js'
import { begun, type JobRecord, type StoredJob } from './record.js'
import { type JobState, waitingState } from './states.js'

/** A job that has not ended, as people see it at `now`. `startedAt`: of the attempt that runs, which counts; 0: it waits. */
export function liveView(job: JobRecord, startedAt: number, now: Now): StoredJob {
  const state = liveState(job, startedAt, now)
  return { job: startedAt === 0 ? job : begun(job), state, startedAt, finishedAt: 0 }
}

export function liveState(job: JobRecord, startedAt: number, now: Now): JobState {
  return startedAt === 0 ? waitingState(job, nowFor(job, now)) : 'running'
}

import type { Course } from './course.js'
import { isBlocked, type Standing } from './lane.js'

interface Waiting extends Standing {
  readonly course: Pick<Course, 'attempt' | 'behind'>
}

/** The states of a job. The table below is the only place that says what may follow what. A retried job is another one of its id. */
export type JobState =
  | 'blocked' // waits for other jobs to end
  | 'scheduled' // waits for its time
  | 'available' // due, waits for a child
  | 'running' // an attempt has begun
  | 'retryable' // an attempt failed or was interrupted; waits for the next one
  | TerminalState

/** As bytes a state is its place here. */
export const TERMINAL_STATES = ['completed', 'failed', 'cancelled'] as const
export type TerminalState = (typeof TERMINAL_STATES)[number]

const TRANSITIONS: Readonly<Record<JobState, readonly JobState[]>> = {
  blocked: ['scheduled', 'available', 'failed', 'cancelled'],
  scheduled: ['available', 'cancelled'],
  available: ['running', 'failed', 'cancelled'],
  running: ['completed', 'failed', 'cancelled', 'retryable', 'scheduled', 'available', 'blocked'],
  retryable: ['available', 'cancelled'],
  completed: [],
  failed: [],
  cancelled: [],
}

export const JOB_STATES = Object.keys(TRANSITIONS) as readonly JobState[]

export function mayBecome(from: JobState, to: JobState): boolean {
  return TRANSITIONS[from].includes(to)
}

/** The state that a job takes on. Throws when the table does not allow it: that is a mistake in this program. */
export function transition<To extends JobState>(from: JobState, to: To): To {
  if (mayBecome(from, to)) return to
  throw new Error(`a job that is ${from} cannot become ${to}`)
}

export function isTerminal(state: JobState): state is TerminalState {
  return TRANSITIONS[state].length === 0
}

/** The state of a job that waits follows from its lane, its time and its attempts: nothing is written because time passes. */
export function waitingState({ lane, due, course }: Waiting, now: number): JobState {
  if (isBlocked(lane)) return 'blocked'
  if ((course.behind?.due ?? due) <= now) return 'available'
  return course.attempt > 0 ? 'retryable' : 'scheduled'
}

/** How many jobs are in each state. */
export type StateCounts = Readonly<Record<JobState, number>>

export function countStates(states: readonly JobState[]): StateCounts {
  const counts = Object.fromEntries(JOB_STATES.map((state) => [state, 0])) as Record<JobState, number>
  for (const state of states) counts[state]++
  return counts
}

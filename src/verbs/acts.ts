import { JrError } from '../errors.js'
import type { StoredJob } from '../job/record.js'
import { JOB_STATES, type JobState, TERMINAL_STATES } from '../job/states.js'
import type { ParsedFilter, ParsedQuery } from './query.js'

interface ActFacts {
  /** Of a job to which it was done. */
  readonly done: string
  /** For the command line, and PROTOCOL.md. */
  readonly says: string
  /** The states of jobs to which it can be done. */
  readonly states: readonly JobState[]
  /** Why it is not done to a job in another state. */
  readonly refusal: string
  /** A job to which it was done may come to meet the same query once more: that is not meant. */
  readonly onceOnly: boolean
}

/** What is done to jobs: to one by its id, and under the name with `-all` to those that a query meets. */
export const ACTS = {
  destroy: {
    done: 'destroyed',
    says: 'Forgets a job. If it waits or runs, it is cancelled first, and its error feedback is called.',
    states: JOB_STATES,
    refusal: '',
    onceOnly: false,
  },
  retry: {
    done: 'retried',
    says: 'Runs a job again that has ended and is kept: as a new run, with the args and options of before.',
    states: TERMINAL_STATES,
    refusal: 'it waits or runs, and only a job that has ended can be retried',
    onceOnly: true,
  },
  run: {
    done: 'run',
    says: 'Makes a job due at once that waits for its time, or for its next attempt.',
    states: ['scheduled', 'retryable'],
    refusal: 'it waits for other jobs, runs, or has ended',
    onceOnly: false,
  },
  update: {
    done: 'updated',
    says: 'Gives a waiting job other args, terms, or another time.',
    states: ['blocked', 'scheduled', 'available', 'retryable'],
    refusal: 'it runs, or has ended',
    onceOnly: true,
  },
  cancel: {
    done: 'cancelled',
    says: 'Ends a job that waits, asks one that runs to stop, and calls its error feedback with JR_CANCELLED.',
    states: ['blocked', 'scheduled', 'available', 'running', 'retryable'],
    refusal: 'it has ended',
    onceOnly: false,
  },
} as const satisfies { readonly [name: string]: ActFacts }
export type Act = keyof typeof ACTS
/** For which it is enough to say to which jobs. */
export type PlainAct = Exclude<Act, 'update'>

/** What became of it for one job; `not-found`: there is no such job. */
export const ACT_ANSWERS = ['done', 'not-found', 'refused'] as const
export type ActAnswer = (typeof ACT_ANSWERS)[number]

export function isAct(name: unknown): name is Act {
  return typeof name === 'string' && Object.hasOwn(ACTS, name)
}

/** False: there is no such job. Throws JR_WRONG_STATE when it was refused. */
export function wasDone(act: Act, id: string, answer: ActAnswer): boolean {
  if (answer !== 'refused') return answer === 'done'
  throw new JrError('JR_WRONG_STATE', `job '${id}' was not ${ACTS[act].done}: ${ACTS[act].refusal}`)
}

/** Page by page, the jobs that the filter lets through, and to which this can be done. */
export async function* pagesFor(
  act: Act,
  filter: ParsedFilter,
  page: (
    query: ParsedQuery,
  ) => Promise<{ readonly jobs: readonly StoredJob[]; readonly next: string | null }>,
): AsyncGenerator<readonly StoredJob[]> {
  const query = filterFor(act, filter)
  if (query === null) return
  for (let after: string | null | undefined; after !== null; ) {
    const { jobs, next } = await page({ ...query, after })
    yield jobs
    after = next
  }
}

/** The jobs of a filter to which this can be done; null: there are none. */
export function filterFor(act: Act, filter: ParsedFilter): ParsedFilter | null {
  const states: readonly JobState[] = ACTS[act].states
  const meant = states.filter((state) => filter.state?.includes(state) !== false)
  if (meant.length === JOB_STATES.length) return filter
  return meant.length === 0 ? null : { ...filter, state: meant }
}

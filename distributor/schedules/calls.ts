import type { GivenFor, JobArgs, JobName } from '../../src/job/types.js'
import { shown } from '../../src/options/duration.js'
import { checked } from '../../src/rules.js'
import { SCHEDULE_ID, type When } from '../../src/schedules/definition.js'
import type { ErrorFeedback, Feedback, SuccessFeedback } from '../told/ticket.js'
import {
  parseSchedule,
  parseWait,
  type Schedule,
  type ScheduleCallOptions,
  type Scheduled,
  type ScheduleEntry,
  type ScheduleList,
  type ScheduleWait,
  type Wanted,
} from './schedule.js'
import type { Schedules } from './schedules.js'

/** What has become of `setSchedules`: ids, when all is on the disk. */
export interface SetSchedules {
  readonly created: readonly string[]
  readonly replaced: readonly string[]
  readonly unchanged: readonly string[]
  readonly removed: readonly string[]
}

/** What is called with the schedules of a distributor that runs. */
export interface ScheduleHost {
  readonly schedules: Schedules
  readonly config: { readonly alwaysUseSpecifiedNode: () => boolean }
  /** The process stays as long as somebody may wait for this. */
  keep<T>(answer: Promise<T>): Promise<T>
}

/** The schedules of an app, as it calls them. Each call throws JR_NOT_STARTED before the distributor is started. */
export class ScheduleCalls {
  readonly #host: () => ScheduleHost

  constructor(host: () => ScheduleHost) {
    this.#host = host
  }

  /**
   * Runs a job again and again. The same id again with the same definition changes nothing; with another one the schedule is replaced
   * from now on. Resolves when it is on the disk of its home, the node that runs it; waits for a node that can be that (`opts.wait`).
   * `opts` are those of each run. Either feedback is called for each run, and by the next life of the app that calls this again.
   * Throws a TypeError with the path of what is wrong (`when.cron: field 2 …`). Rejects with JR_NO_SUCH_JOB, JR_NO_NODE or
   * JR_UNKNOWN_TERM when no connected node will ever run it, JR_SCHEDULE_TAKEN when the id is another app's, JR_TIMEOUT, JR_STOPPED.
   */
  schedule = <Name extends JobName>(
    id: string,
    when: When,
    name: Name,
    ...rest: GivenFor<
      Name,
      [opts?: ScheduleCallOptions, onSuccess?: SuccessFeedback<Name>, onError?: ErrorFeedback<Name>]
    >
  ): Promise<Scheduled> => {
    const given: readonly unknown[] = rest
    const [args, options, onSuccess, onError] = given as [
      JobArgs?,
      ScheduleCallOptions?,
      Feedback?,
      Feedback?,
    ]
    const host = this.#host()
    const strictNode = host.config.alwaysUseSpecifiedNode()
    const wanted = parseSchedule(id, when, name, args, options, onSuccess, onError, strictNode)
    return noted(host.keep(host.schedules.put(wanted, parseWait(options))))
  }

  /** Removes a schedule. Runs that have begun go on. False: no connected node has one of this id. */
  unschedule = (id: string, options?: ScheduleWait): Promise<boolean> => this.#act('unschedule', id, options)

  /** No slot of it is run until it is resumed. False: no connected node has one of this id. */
  pauseSchedule = (id: string, options?: ScheduleWait): Promise<boolean> =>
    this.#act('pause-schedule', id, options)

  /** Goes on with the next slot; those that have come meanwhile are not run. False: no connected node has one of this id. */
  resumeSchedule = (id: string, options?: ScheduleWait): Promise<boolean> =>
    this.#act('resume-schedule', id, options)

  /** Begins a run at once, beside its slots, also when one runs or it is paused. Answers the id of the job; null: there is no such schedule. */
  runSchedule = (id: string, options?: ScheduleWait): Promise<string | null> => {
    const host = this.#host()
    const answer = host.schedules.act('run-schedule', checked(SCHEDULE_ID, id, 'id'), parseWait(options))
    return noted(host.keep(answer.then((job) => (typeof job === 'string' ? job : null))))
  }

  /** The schedules of this app, on all connected nodes. */
  schedules = (options?: ScheduleWait): Promise<Schedule[]> => {
    const host = this.#host()
    return noted(host.keep(host.schedules.list(parseWait(options))))
  }

  /**
   * These are all schedules of this app from now on: each as by `schedule`, and those that are not among them are removed. Throws a
   * TypeError with the path of what is wrong (`nightly.when.cron: …`), and then nothing is changed.
   */
  setSchedules = (list: ScheduleList, options?: ScheduleWait): Promise<SetSchedules> => {
    const host = this.#host()
    const strictNode = host.config.alwaysUseSpecifiedNode()
    if (typeof list !== 'object' || list === null || Array.isArray(list))
      throw new TypeError(
        `setSchedules: expected an object, { id: { when, name, … }, … }, got ${shown(list)}`,
      )
    const all = Object.entries(list).map(([id, entry]) =>
      entryOf(id, entry as ScheduleEntry<string>, strictNode),
    )
    return noted(host.keep(setAll(host.schedules, all, parseWait(options))))
  }

  #act(
    verb: 'unschedule' | 'pause-schedule' | 'resume-schedule',
    id: string,
    options?: ScheduleWait,
  ): Promise<boolean> {
    const host = this.#host()
    const answer = host.schedules.act(verb, checked(SCHEDULE_ID, id, 'id'), parseWait(options))
    return noted(host.keep(answer.then((done) => done === true)))
  }
}

const ENTRY = ['when', 'name', 'args', 'opts', 'onSuccess', 'onError']

function entryOf(id: string, entry: ScheduleEntry<string>, strictNode: boolean): Wanted {
  if (typeof entry !== 'object' || entry === null)
    throw new TypeError(`${id}: expected an object with when and name, got ${shown(entry)}`)
  for (const key in entry) {
    if (!ENTRY.includes(key)) throw new TypeError(`${id}.${key}: no such field; known: ${ENTRY.join(', ')}`)
  }
  const { when, name, args, opts, onSuccess, onError } = entry
  try {
    const feedbacks = [onSuccess as Feedback | undefined, onError as Feedback | undefined] as const
    return parseSchedule(id, when, name, args, opts, ...feedbacks, strictNode)
  } catch (error) {
    if (error instanceof TypeError) throw new TypeError(`${id}.${error.message}`)
    throw error
  }
}

async function setAll(schedules: Schedules, all: readonly Wanted[], waitMs: number): Promise<SetSchedules> {
  const done = await Promise.all(all.map((wanted) => schedules.put(wanted, waitMs)))
  const ids = (made: Scheduled['made']) => done.filter((one) => one.made === made).map(({ id }) => id)
  const removed = await schedules.keepOnly(new Set(all.map(({ id }) => id)), waitMs)
  return { created: ids('created'), replaced: ids('replaced'), unchanged: ids('unchanged'), removed }
}

/** Who does not wait for it is not ended by what becomes of it. */
function noted<T>(answer: Promise<T>): Promise<T> {
  answer.catch(() => {})
  return answer
}

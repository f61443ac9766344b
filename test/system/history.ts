/**
 * The history of a run: what each actor wrote down as it happened, and the checks of what must hold. Jobs write
 * `begin` and `end` themselves; the app writes the rest.
 */
export type Entry =
  | {
      ev: 'submit'
      job: string
      t: number
      due?: number
      hash?: string
      max?: number
      nodes?: string[]
      slots?: boolean
    }
  | { ev: 'accepted'; job: string; t: number }
  | {
      ev: 'begin'
      job: string
      t: number
      attempt: number
      pid: number
      node: string
      hash?: string
      run?: number
    }
  | {
      ev: 'end'
      job: string
      t: number
      attempt: number
      pid: number
      ok: boolean
      hash?: string
      run?: number
    }
  | { ev: 'feedback'; job: string; t: number; state: string; life: number; hash?: string; run?: number }
  /** Something that may interrupt an attempt: a process was killed, or its connection cut. */
  | { ev: 'fault'; t: number; what: string }

export interface Violation {
  readonly rule: string
  readonly job: string
  readonly text: string
}

type Of<Ev extends Entry['ev']> = Extract<Entry, { ev: Ev }>

/** A job may be interrupted a little before the fault is written down, and a little after. */
const FAULT_SLACK_MS = 2000

export function check(history: readonly Entry[]): Violation[] {
  const violations: Violation[] = []
  const faults = history.filter((entry): entry is Of<'fault'> => entry.ev === 'fault')
  for (const [job, entries] of byJob(history)) {
    const say = (rule: string, text: string) => violations.push({ rule, job, text })
    const of = <Ev extends Entry['ev']>(ev: Ev) => entries.filter((entry): entry is Of<Ev> => entry.ev === ev)
    const [submit] = of('submit')
    const begins = of('begin').sort((a, b) => a.t - b.t)
    const ends = of('end')
    const feedbacks = of('feedback')
    if (submit === undefined) {
      say('I2', 'something happened to a job that nobody enqueued')
      continue
    }
    if (of('accepted').length > 0 && feedbacks.length === 0) say('I1', 'accepted, and never heard of again')
    const completed = feedbacks.some(({ state }) => state === 'completed')
    if (completed && begins.length === 0) say('I3', 'completed, and never begun')
    for (const [life, of1] of groupBy(feedbacks, ({ life, run }) => `${life}/${run ?? 0}`)) {
      if (of1.length > 1) say('I4', `${of1.length} feedbacks in life ${life}`)
    }
    const states = new Set(feedbacks.map(({ state, run }) => `${state}/${run ?? 0}`))
    if (states.size > new Set(feedbacks.map(({ run }) => run ?? 0)).size) say('I4', `ended as ${[...states]}`)
    checkRuns(submit, begins, ends, faults, say)
    if (submit.hash !== undefined) {
      for (const { hash } of begins)
        if (hash !== submit.hash) say('I11', 'the args at begin are not those submitted')
      const results = new Set(ends.filter(({ ok }) => ok).map(({ hash }) => hash))
      for (const { hash, state } of feedbacks) {
        if (state === 'completed' && !results.has(hash))
          say('I11', 'the result in the feedback is not the one at end')
      }
    }
  }
  return violations
}

function checkRuns(
  submit: Of<'submit'>,
  begins: Of<'begin'>[],
  ends: Of<'end'>[],
  faults: Of<'fault'>[],
  say: (rule: string, text: string) => void,
): void {
  for (const [run, attempts] of groupBy(begins, ({ run }) => String(run ?? 0))) {
    attempts.forEach((begin, i) => {
      if (submit.due !== undefined && begin.t < submit.due)
        say('I7', `began ${submit.due - begin.t} ms early`)
      if (submit.nodes !== undefined && !submit.nodes.includes(begin.node)) say('I9', `ran on ${begin.node}`)
      if (submit.max !== undefined && begin.attempt > submit.max)
        say('I10', `attempt ${begin.attempt} of ${submit.max}`)
      const before = attempts[i - 1]
      if (before === undefined) return
      const ended = ends.find(
        (end) => end.pid === before.pid && end.attempt === before.attempt && end.t >= before.t,
      )
      const fault = faults.find(({ t }) => t >= before.t - FAULT_SLACK_MS && t <= begin.t + FAULT_SLACK_MS)
      if (fault === undefined && ended?.ok !== false) say('I5', `run ${run} began again without a cause`)
      if (fault === undefined && (ended === undefined || ended.t > begin.t))
        say('I6', `two attempts of run ${run} at once`)
    })
  }
}

function byJob(history: readonly Entry[]): Map<string, Entry[]> {
  const jobs = history.filter((entry): entry is Exclude<Entry, { ev: 'fault' }> => entry.ev !== 'fault')
  return groupBy(jobs, ({ job }) => job)
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group === undefined) groups.set(key(item), [item])
    else group.push(item)
  }
  return groups
}

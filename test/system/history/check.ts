import type { Accepted, Begin, End, Entry, Fault, Feedback, Submit } from './entry.js'

/** A rule that a history breaks. The rules are named as in docs/testing.md. */
export interface Violation {
  readonly rule: string
  readonly job: string
  readonly text: string
}

/** A job's own entries, and what happened to the processes that ran it. */
interface Story {
  readonly job: string
  readonly submit: Submit
  readonly accepted: readonly Accepted[]
  readonly begins: readonly Begin[]
  readonly ends: readonly End[]
  readonly feedbacks: readonly Feedback[]
  readonly executed: number
  readonly say: (rule: string, text: string) => void
}

interface World {
  readonly faults: readonly Fault[]
  /** When anything was last heard from a child. */
  readonly lastHeard: ReadonlyMap<number, number>
}

/** The wall clock of a node, by which it finds its jobs due, has whole milliseconds. */
const CLOCK_STEP_MS = 1

/** All rules that the history of a finished run breaks; none when all is well. */
export function check(history: readonly Entry[]): Violation[] {
  const violations: Violation[] = []
  const faults = history.filter((entry) => entry.ev === 'fault')
  const world: World = { faults, lastHeard: lastHeard(history) }
  for (const [job, entries] of byJob(history)) {
    const say = (rule: string, text: string) => violations.push({ rule, job, text })
    const of = <Ev extends Entry['ev']>(ev: Ev) =>
      entries.filter((entry): entry is Extract<Entry, { ev: Ev }> => entry.ev === ev)
    const [submit] = of('submit')
    if (submit === undefined) {
      say('I2', `nobody enqueued it, and there is: ${[...new Set(entries.map(({ ev }) => ev))].join(', ')}`)
      continue
    }
    const story: Story = {
      job,
      submit,
      accepted: of('accepted'),
      begins: of('begin').toSorted((a, b) => a.mono - b.mono),
      ends: of('end'),
      feedbacks: of('feedback'),
      executed: of('executed')[0]?.times ?? of('begin').length,
      say,
    }
    checkFate(story)
    checkFeedbacks(story)
    checkContents(story)
    for (const attempts of groupBy(story.begins, ({ run }) => run).values()) {
      attempts.forEach((begin, i) => {
        checkBegin(story, begin)
        const before = attempts[i - 1]
        if (before !== undefined) checkAgain(story, before, begin, world)
      })
    }
    checkSlots(story)
  }
  for (const { pid } of history.filter((entry) => entry.ev === 'guarded')) {
    if (history.some((entry) => entry.ev === 'exit' && entry.pid === pid))
      violations.push({ rule: 'I14', job: '', text: `process ${pid} did not live through it` })
  }
  return violations
}

/** I1: accepted and never heard of again. I3: ended well without having run. */
function checkFate({ submit, accepted, begins, ends, feedbacks, executed, say }: Story): void {
  const told = submit.wanted === false ? ends.some(({ ok }) => ok) : feedbacks.length > 0
  if (accepted.length > 0 && !told) say('I1', `accepted, begun ${begins.length} times, and never heard of again`)
  if (feedbacks.some(({ state }) => state === 'completed') && (begins.length === 0 || executed === 0))
    say('I3', 'completed, and never begun')
  if (executed < begins.length) say('I3', `begun ${begins.length} times, executed ${executed} times`)
}

/** I4: one end, and told once in each life of the app. */
function checkFeedbacks({ feedbacks, say }: Story): void {
  for (const [run, ofRun] of groupBy(feedbacks, ({ run }) => run)) {
    const states = new Set(ofRun.map(({ state }) => state))
    if (states.size > 1) say('I4', `run ${run} ended as ${[...states].join(' and ')}`)
    for (const [life, told] of groupBy(ofRun, ({ life }) => life))
      if (told.length > 1) say('I4', `${told.length} feedbacks of run ${run} in life ${life}`)
  }
}

/** I11: what the job saw is what was sent, and what the app hears is what the job said. */
function checkContents({ submit, begins, ends, feedbacks, say }: Story): void {
  if (submit.hash === undefined) return
  for (const { hash } of begins) if (hash !== submit.hash) say('I11', 'the args at begin are not those submitted')
  for (const { hash, state, run } of feedbacks) {
    if (state !== 'completed') continue
    if (!ends.some((end) => end.ok && end.run === run && end.hash === hash))
      say('I11', 'the result in the feedback is not the one at end')
  }
}

/** I7: not early. I9: on a node where it may run. I10: no more attempts than it has. */
function checkBegin({ submit, say }: Story, begin: Begin): void {
  const { delayMs = 0, periodMs = 0, nodes, maxAttempts } = submit
  const due = submit.mono + delayMs + (begin.run - 1) * periodMs
  if (begin.mono < due - CLOCK_STEP_MS) say('I7', `run ${begin.run} began ${(due - begin.mono).toFixed(2)} ms early`)
  if (nodes !== undefined && !nodes.includes(begin.node)) say('I9', `ran on ${begin.node}, not ${nodes.join(' or ')}`)
  if (maxAttempts !== undefined && begin.attempt > maxAttempts)
    say('I10', `attempt ${begin.attempt} of ${maxAttempts}`)
}

/** I5: a cause for every repeat. I6: never two at once. I10: attempts are counted, and wait between. */
function checkAgain({ submit, ends, say }: Story, before: Begin, begin: Begin, { faults, lastHeard }: World): void {
  const what = `run ${begin.run}, attempt ${before.attempt} in ${before.pid}, then ${begin.attempt} in ${begin.pid}`
  const end = ends.find(
    ({ pid, attempt, run, mono }) =>
      pid === before.pid && attempt === before.attempt && run === before.run && mono >= before.mono,
  )
  // The processes of an attempt do not come back from a kill, whenever exactly it was written down.
  const hit = faults.filter(
    ({ mono, pids }) => mono <= begin.mono && (pids.includes(before.pid) || pids.includes(before.nodePid)),
  )
  const parted = hit.some((fault) => fault.what === 'part')
  const failed = end !== undefined && !end.ok && end.mono <= begin.mono
  const late = submit.timeoutMs !== undefined && begin.mono - before.mono >= submit.timeoutMs
  if (hit.length === 0 && !failed && !late) say('I5', `${what}: without a cause`)
  if (!parted && end !== undefined && end.mono > begin.mono) say('I6', `${what}: the first had not ended`)
  if (!parted && !late && end === undefined && (lastHeard.get(before.pid) ?? 0) > begin.mono)
    say('I6', `${what}: the first never ended, and its process lived on`)
  if (begin.attempt < before.attempt || begin.attempt > before.attempt + 1) say('I10', `${what}: counted wrongly`)
  if (failed && begin.attempt === before.attempt && hit.length === 0) say('I10', `${what}: a failure was not counted`)
  const gap = begin.mono - (end?.mono ?? before.mono)
  if (failed && hit.length === 0 && gap < (submit.backoffMs ?? 0) - CLOCK_STEP_MS)
    say('I10', `${what}: after ${gap.toFixed(1)} ms`)
}

/** I8: the runs of a schedule come in order, each at its slot. */
function checkSlots({ submit, begins, say }: Story): void {
  if (submit.periodMs === undefined) {
    if (begins.some(({ run }) => run !== 1)) say('I8', 'it has runs, and is no schedule')
    return
  }
  begins.forEach((begin, i) => {
    const before = begins[i - 1]
    if (before !== undefined && begin.run < before.run) say('I8', `run ${begin.run} began after run ${before.run}`)
  })
}

function lastHeard(history: readonly Entry[]): Map<number, number> {
  const heard = new Map<number, number>()
  for (const entry of history)
    if (entry.ev === 'begin' || entry.ev === 'end')
      heard.set(entry.pid, Math.max(entry.mono, heard.get(entry.pid) ?? 0))
  return heard
}

function byJob(history: readonly Entry[]): Map<string, Extract<Entry, { job: string }>[]> {
  return groupBy(
    history.filter((entry) => 'job' in entry),
    ({ job }) => job,
  )
}

function groupBy<T, K>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group === undefined) groups.set(key(item), [item])
    else group.push(item)
  }
  return groups
}

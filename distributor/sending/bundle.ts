import { JrError } from '../../src/errors.js'
import { homeKeyOf } from '../../src/job/home.js'
import type { Wish } from './node-choice.js'
import type { OutJob } from './out-job.js'

const NONE: readonly OutJob[] = []

/** At least one job. */
export function together(jobs: readonly OutJob[]): OutJob {
  const [first, ...rest] = jobs as [OutJob, ...OutJob[]]
  if (rest.length === 0) return first
  const kinds = new Map<string, Wish>()
  let home: string | null = null
  let bytes = 0
  for (const job of jobs) {
    bytes += job.bytes
    home ??= homeKeyOf(job)
    const key = kindOf(job)
    if (!kinds.has(key)) kinds.set(key, job)
  }
  return { ...first, bytes, bundle: { rest, kinds: [...kinds.values()], home } }
}

/** Those that go with it. */
export function restOf({ bundle }: Pick<OutJob, 'bundle'>): readonly OutJob[] {
  return bundle?.rest ?? NONE
}

/** How many jobs it is. */
export function countOf(job: OutJob): number {
  return 1 + restOf(job).length
}

export function lastNumberOf(job: OutJob): number {
  return job.ticket.number + restOf(job).length
}

/** Gives all of them numbers, from this one on. */
export function renumber(job: OutJob, first: number): void {
  let number = first
  job.ticket.number = number
  for (const { ticket } of restOf(job)) ticket.number = ++number
}

/** Which of them has this number; null: none. */
export function memberOf(job: OutJob, number: number): OutJob | null {
  const at = number - job.ticket.number
  return at === 0 ? job : (restOf(job)[at - 1] ?? null)
}

/** What all of them are told when one is refused: which one, and why. Alone it is told as it is. */
export function refusedWith(job: OutJob, culprit: OutJob | null, error: JrError): JrError {
  const { bundle } = job
  if (bundle === null) return error
  const { flow } = job.agreed.terms
  const what = flow === undefined ? 'that were enqueued together' : `of flow ${flow.id}`
  const because = culprit === null ? '' : `, because of ${placeOf(job, culprit)} ('${culprit.name}')`
  const text = `of ${countOf(job)} jobs ${what} none is taken${because}: ${error.message}`
  const there = error.job === undefined ? {} : { job: error.job }
  return new JrError(error.code, text, { cause: error, ...there })
}

function placeOf(job: OutJob, { agreed, ticket }: OutJob): string {
  const { flow } = agreed.terms
  return flow === undefined
    ? `jobs[${ticket === job.ticket ? 0 : restOf(job).findIndex((one) => one.ticket === ticket) + 1}]`
    : `'${flow.key}'`
}

/** What of a job says which nodes may take it. */
export function kindOf({ name, agreed }: Pick<OutJob, 'name' | 'agreed'>): string {
  if (agreed.highest === 0) return name
  const { defer, node, strictNode, notNode, priority } = agreed.terms
  return JSON.stringify([name, agreed.highest, defer, node, strictNode, notNode, priority])
}

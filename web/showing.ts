import type { Rights, ShownJob, WebValues } from './options.js'

/** What a job was given, says, and leaves behind: with an own right to see it. */
const INSIDE = ['args', 'result', 'progress', 'log', 'lastError', 'lastStack'] as const

/** A job as somebody may see it. */
export function shownJob(
  job: ShownJob,
  { args }: Pick<Rights, 'args'>,
  redact: WebValues['redact'],
): Record<string, unknown> {
  const seen: Record<string, unknown> = { ...(redact === null ? job : redact(job)) }
  if (args) return seen
  for (const field of INSIDE) delete seen[field]
  const attempts = job.attempts?.map(({ error, ...attempt }) => ({
    ...attempt,
    error: error === null ? null : { name: error.name, code: error.code },
  }))
  return { ...seen, ...(attempts === undefined ? {} : { attempts }), redacted: true }
}

import type { Clock } from '../../src/clock.js'
import { lastError } from '../../src/job/attempts.js'
import type { StoredJob } from '../../src/job/record.js'
import { othersTurn } from '../../src/others-turn.js'
import type { ListPage, ListQuery } from '../../src/store/contract.js'
import { type FailuresOfNode, MOST_GROUPS, MOST_LOOKED } from '../../src/verbs/failures.js'
import { folded } from '../../src/verbs/folding.js'

type Group = FailuresOfNode['groups'][number]

/** Jobs of one read: their records are unpacked at once. */
const AT_ONCE = 100
/** How long the node does nothing else. */
const SLICE_MS = 1

/** Groups of failed jobs, as they are found. */
export class Failures {
  readonly #groups = new Map<string, { -readonly [K in keyof Group]: Group[K] }>()
  looked = 0

  add({ job, finishedAt }: Pick<StoredJob, 'finishedAt'> & { readonly job: FailedJob }): void {
    this.looked++
    const { code = '', message: text = '' } = lastError(job.course.attempts) ?? {}
    const message = folded(text)
    const key = JSON.stringify([job.name, code, message])
    const group = this.#groups.get(key)
    if (group === undefined) {
      const times = { first: finishedAt, last: finishedAt }
      this.#groups.set(key, { name: job.name, code, message, count: 1, ...times, example: job.id })
      return
    }
    group.count++
    group.first = Math.min(group.first, finishedAt)
    if (finishedAt < group.last) return
    group.last = finishedAt
    group.example = job.id
  }

  /** `more`: there are jobs that were not looked at. */
  read(more: boolean): FailuresOfNode {
    const groups = [...this.#groups.values()].sort((a, b) => b.last - a.last)
    return {
      groups: groups.slice(0, MOST_GROUPS),
      looked: this.looked,
      more: more || groups.length > MOST_GROUPS,
    }
  }
}

type FailedJob = Pick<StoredJob['job'], 'id' | 'name'> & {
  readonly course: Pick<StoredJob['job']['course'], 'attempts'>
}

/** Goes through the failed jobs of a name, or of all, in parts: what else the node has to do comes between. */
export async function failuresOf(
  name: string | undefined,
  list: (query: ListQuery) => Promise<ListPage>,
  clock: Pick<Clock, 'mono'>,
): Promise<FailuresOfNode> {
  const found = new Failures()
  const query = { state: ['failed'] as const, ...(name === undefined ? {} : { name: [name] }) }
  const read = (after?: string) => list({ ...query, after, limit: AT_ONCE })
  let since = clock.mono()
  let reading: Promise<ListPage> | null = read()
  let more = false
  while (reading !== null) {
    const { jobs, next }: ListPage = await reading
    more = next !== null
    // The store reads on meanwhile.
    reading = next === null || found.looked + jobs.length >= MOST_LOOKED ? null : read(next)
    // It is awaited when these are done.
    reading?.catch(() => {})
    for (const job of jobs) {
      found.add(job)
      if (clock.mono() - since < SLICE_MS) continue
      await othersTurn()
      since = clock.mono()
    }
  }
  return found.read(more)
}

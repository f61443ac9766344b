import { unpackChecked } from '../../src/codec.js'
import { JrError } from '../../src/errors.js'
import { JOB_STATES } from '../../src/job/states.js'
import { CURSOR, NAME, received } from '../../src/rules.js'
import type { ListQuery } from '../../src/store/contract.js'
import { factsOf } from '../../src/store/facts.js'
import type { Lookup } from '../lookup.js'
import { AT_ONCE } from './errands.js'

const LARGEST_PAGE = 1000
/** What one job takes of what is done at once for one connection. */
const LIGHT = 4
/** Destroyed at once, of all. */
const TOGETHER = 100
/** The node itself unpacks what is asked: it is a few facts. */
const SMALL = { maxDepth: 4, maxNodes: 64 }

/** What is asked for: nothing of its body is kept but what was understood. */
export interface Ask {
  /** Of what is done at once for one connection: to read and pack a page keeps others long enough by itself. */
  readonly weight: number
  readonly run: (lookup: Lookup) => Promise<unknown>
}

/** The monitor's verbs. Throws JR_PROTOCOL for one that is not here, or a body that is not of its form. */
export function askOf(verb: string, body: Buffer): Ask {
  const asked = plainObject(unpackChecked(body, SMALL))
  switch (verb) {
    case 'jobs': {
      const query = queryOf(asked)
      return { weight: AT_ONCE, run: (lookup) => listed(query, lookup) }
    }
    case 'load': {
      const id = idOf(asked)
      return { weight: LIGHT, run: (lookup) => loaded(id, lookup) }
    }
    case 'destroy': {
      const id = idOf(asked)
      return { weight: LIGHT, run: (lookup) => lookup.destroy(id) }
    }
    case 'destroy-all': {
      const query = queryOf({ ...asked, limit: LARGEST_PAGE })
      return { weight: AT_ONCE, run: (lookup) => destroyAll(query, lookup) }
    }
    default:
      throw new JrError('JR_PROTOCOL', `unknown request '${verb}'; known: jobs, load, destroy, destroy-all`)
  }
}

async function listed(query: ListQuery, lookup: Lookup) {
  const page = await lookup.list(query)
  return { jobs: page.jobs.map(factsOf), next: page.next }
}

async function loaded(id: string, lookup: Lookup) {
  const stored = await lookup.load(id)
  return stored === null ? null : { ...factsOf(stored), args: stored.job.args }
}

async function destroyAll(query: ListQuery, lookup: Lookup): Promise<number> {
  let destroyed = 0
  for (let after = query.after; ; ) {
    const page = await lookup.list({ ...query, after })
    for (let at = 0; at < page.jobs.length; at += TOGETHER) {
      const some = page.jobs.slice(at, at + TOGETHER)
      const answers = await Promise.all(some.map(({ job }) => lookup.destroy(job.id)))
      destroyed += answers.filter(Boolean).length
    }
    if (page.next === null) return destroyed
    after = page.next
  }
}

function plainObject(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new JrError('JR_PROTOCOL', 'the body of a request must be an object')
}

function idOf({ id }: Record<string, unknown>): string {
  return received(NAME, id, 'id')
}

function queryOf({ state, name, after, limit }: Record<string, unknown>): ListQuery {
  const size = typeof limit === 'number' && limit >= 1 ? Math.min(Math.floor(limit), LARGEST_PAGE) : 100
  const known = JOB_STATES.find((one) => one === state)
  // As no state at all it would be met by every job, also by those that are not to be destroyed.
  if (known === undefined && state !== undefined)
    throw new JrError('JR_PROTOCOL', `no state of a job: known are ${JOB_STATES.join(', ')}`)
  return {
    state: known,
    name: name === undefined ? undefined : received(NAME, name, 'name'),
    after: after === undefined ? undefined : received(CURSOR, after, 'after'),
    limit: size,
  }
}

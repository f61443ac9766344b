import { ACTS, type PlainAct } from '../../src/verbs/acts.js'
import type { JobUpdate } from '../../src/verbs/update.js'
import { checkText, FILTER_WORDS, filterOfQuery, numberOf } from '../filters.js'
import { connectedNodes } from '../nodes.js'
import { pageOver } from '../pages.js'
import { notFound } from '../problem.js'
import type { Call, Route } from '../route.js'
import { jobWhenEnded } from '../waiting.js'

const PAGE = { usual: 50, most: 200 }
const LONGEST_WAIT_S = 30

async function list(call: Call) {
  const { reactor, query, show, rights, values } = call
  const filter = filterOfQuery(query)
  checkText(filter, rights, values)
  const limit = numberOf(query, 'limit', PAGE.usual, 1, PAGE.most)
  const only = query.get('node')
  const nodes = only === null || only === '' ? connectedNodes(reactor) : [only]
  const { items, next } = await pageOver(
    nodes,
    query.get('after') || null,
    limit,
    call,
    async (node, after, most) => {
      const page = await reactor.monitor({ node }).jobsFor({
        ...filter,
        limit: most,
        ...(after === null ? {} : { after }),
      })
      return { items: page.jobs, next: page.next }
    },
  )
  return { body: { jobs: items.map(show), next } }
}

async function one({ reactor, params, query, show, clock, signal }: Call) {
  const { id = '' } = params
  const waitMs = numberOf(query, 'wait', 0, 0, LONGEST_WAIT_S) * 1000
  const job = await jobWhenEnded(reactor, id, waitMs, clock, signal)
  if (job === null) throw noJob(id)
  return { body: show(job) }
}

export function noJob(id: string) {
  return notFound(`no connected node has a job '${id}': it has ended and is not kept, or there was none`)
}

const ACT_WORDS = Object.entries(ACTS).filter(([act]) => act !== 'update') as [PlainAct, { says: string }][]

export const JOB_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/jobs',
    says: 'A page of the jobs that are so, node by node in the order of their names.',
    query: {
      ...FILTER_WORDS,
      node: 'the jobs of this node alone',
      limit: `jobs a page, ${PAGE.most} at most (${PAGE.usual})`,
      after: 'next of the page before',
    },
    answers: 'JobPage',
    run: list,
  },
  {
    method: 'GET',
    path: '/jobs/{id}',
    says: 'One job, in any state. With `wait`: as soon as it has ended, or when the time is over.',
    query: { wait: `seconds, ${LONGEST_WAIT_S} at most (0)` },
    answers: 'LoadedJob',
    run: one,
  },
  {
    method: 'PATCH',
    path: '/jobs/{id}',
    says: ACTS.update.says,
    body: {
      args: 'args in place of those that it has',
      opts: 'options in place of those that it has; null: without this one',
    },
    answers: 'Done',
    run: async ({ reactor, params, body }) => {
      const { id = '' } = params
      if (!(await reactor.monitor().update(id, body as JobUpdate))) throw noJob(id)
      return { body: { done: true } }
    },
  },
  ...ACT_WORDS.map(
    ([act, { says }]): Route => ({
      method: 'POST',
      path: `/jobs/{id}/${act}`,
      says,
      body: {},
      answers: 'Done',
      run: async ({ reactor, params }) => {
        const { id = '' } = params
        if (!(await reactor.monitor()[act](id))) throw noJob(id)
        return { body: { done: true } }
      },
    }),
  ),
]

import { numberOf } from '../filters.js'
import { connectedNodes } from '../nodes.js'
import { pageOver } from '../pages.js'
import { notFound } from '../problem.js'
import type { Call, Route } from '../route.js'

const PAGE = { usual: 50, most: 100 }

async function list(call: Call) {
  const { reactor, query } = call
  const limit = numberOf(query, 'limit', PAGE.usual, 1, PAGE.most)
  const nodes = connectedNodes(reactor)
  const { items, next } = await pageOver(
    nodes,
    query.get('after') || null,
    limit,
    call,
    async (node, after, most) => {
      const page = await reactor
        .monitor({ node })
        .flows({ limit: most, ...(after === null ? {} : { after }) })
      return { items: page.flows.map((flow) => ({ ...flow, node })), next: page.next }
    },
  )
  return { body: { flows: items, next } }
}

function noFlow(id: string) {
  return notFound(`no connected node has a flow '${id}' that has not ended`)
}

export const FLOW_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/flows',
    says: 'The flows that have not ended, with the counts of their jobs.',
    query: { limit: `flows a page, ${PAGE.most} at most (${PAGE.usual})`, after: 'next of the page before' },
    answers: 'FlowPage',
    run: list,
  },
  {
    method: 'GET',
    path: '/flows/{id}',
    says: 'A flow that has not ended, with its jobs and what they need.',
    answers: 'Flow',
    run: async ({ reactor, params }) => {
      const { id = '' } = params
      const flow = await reactor.monitor().flow(id)
      if (flow === null) throw noFlow(id)
      return { body: flow }
    },
  },
  {
    method: 'POST',
    path: '/flows/{id}/cancel',
    says: 'Ends all of its jobs that have not ended.',
    body: {},
    answers: 'Cancelled',
    run: async ({ reactor, params }) => {
      const { id = '' } = params
      if ((await reactor.monitor().flow(id)) === null) throw noFlow(id)
      return { body: { cancelled: await reactor.monitor().cancelFlow(id) } }
    },
  },
]

import { connectedNodes } from '../nodes.js'
import { notFound } from '../problem.js'
import type { Call, Route } from '../route.js'

/** Whichever node has it. */
async function find({ reactor, params }: Pick<Call, 'reactor' | 'params'>) {
  const { id = '' } = params
  const found = await Promise.all(connectedNodes(reactor).map((node) => reactor.monitor({ node }).flow(id)))
  const flow = found.find((one) => one !== null)
  if (flow === undefined || flow === null) throw noFlow(id)
  return flow
}

function noFlow(id: string) {
  return notFound(`no connected node has a flow '${id}' that has not ended`)
}

export const FLOW_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/flows/{id}',
    says: 'A flow that has not ended, with its jobs and what they need.',
    answers: 'Flow',
    run: async (call) => ({ body: await find(call) }),
  },
  {
    method: 'POST',
    path: '/flows/{id}/cancel',
    says: 'Ends all of its jobs that have not ended.',
    body: {},
    answers: 'Cancelled',
    run: async (call) => {
      const { id, node } = await find(call)
      return { body: { cancelled: await call.reactor.monitor({ node }).cancelFlow(id) } }
    },
  },
]

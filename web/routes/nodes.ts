import type { NodeFacts, NodeStatus } from '../../distributor/index.js'
import { notFound } from '../problem.js'
import type { Call, Route } from '../route.js'

/** A node as it says it is; of one that is away what this app knows of it. */
function shown(facts: NodeFacts, status: NodeStatus | null) {
  const { name, ...connection } = facts
  return { node: name, connection, ...(status ?? {}) }
}

async function statusOf({ reactor }: Call, node: string): Promise<NodeStatus | null> {
  try {
    return await reactor.monitor({ node }).status()
  } catch {
    // It is away, or has gone meanwhile: the connection says so.
    return null
  }
}

async function list(call: Call) {
  const nodes = call.reactor.nodes()
  const all = nodes.map(async (facts) => {
    const away = facts.status === 'disconnected'
    return shown(facts, away ? null : await statusOf(call, facts.name))
  })
  return { body: { nodes: await Promise.all(all) } }
}

async function one(call: Call) {
  const { node = '' } = call.params
  const facts = call.reactor.nodes().find(({ name }) => name === node)
  if (facts === undefined) throw notFound(`no node '${node}' has connected`)
  return { body: shown(facts, await statusOf(call, node)) }
}

export const NODE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/nodes',
    says: 'The nodes that have connected, what each is doing, and its children.',
    answers: 'Nodes',
    run: list,
  },
  { method: 'GET', path: '/nodes/{node}', says: 'One node.', answers: 'Node', run: one },
  {
    method: 'POST',
    path: '/nodes/{node}/drain',
    says: 'The node takes no new jobs, and runs those that it has; with `on: false` it takes jobs again.',
    body: { on: 'true or false' },
    answers: 'Changed',
    run: async ({ reactor, params, body }) => {
      const { on } = body
      if (typeof on !== 'boolean') throw new TypeError('on: expected true or false')
      return { body: { changed: await reactor.monitor({ node: params.node ?? '' }).drain(on) } }
    },
  },
  {
    method: 'PUT',
    path: '/nodes/{node}/children',
    says: 'How many children the node has, until it is started again. One that goes ends its jobs first.',
    body: { children: 'evented ones', deferred: 'deferred ones' },
    answers: 'Children',
    run: async ({ reactor, params, body }) => ({
      body: await reactor
        .monitor({ node: params.node ?? '' })
        .resize(body as { children?: number; deferred?: number }),
    }),
  },
  {
    method: 'POST',
    path: '/nodes/{node}/children/{pid}/recycle',
    says: 'Puts a new child in the place of one, which ends its jobs first.',
    body: {},
    answers: 'Recycled',
    run: async ({ reactor, params }) => {
      const pid = Number(params.pid)
      const recycled = await reactor.monitor({ node: params.node ?? '' }).recycle({ pid })
      if (recycled === 0) throw notFound(`node '${params.node}' has no child ${params.pid}`)
      return { body: { recycled } }
    },
  },
]

import type { GivenFlow } from '../../distributor/index.js'
import { acceptedWithin } from '../../distributor/told/accepting.js'
import type { EnqueueOptions } from '../../src/job/enqueue-options.js'
import type { JobArgs } from '../../src/job/types.js'
import type { Call, Route } from '../route.js'

/** How long a request waits for a node to take what it enqueues. */
const ACCEPT_MS = 5000

async function enqueue(call: Call) {
  const { reactor, body } = call
  if (body.jobs !== undefined) return enqueueAll(call)
  const handle = reactor.enqueue(body.name as string, body.args as JobArgs, body.opts as EnqueueOptions)
  await acceptedWithin(handle, ACCEPT_MS, 'the job', call.clock)
  return {
    status: 202,
    headers: { location: `jobs/${encodeURIComponent(handle.id)}` },
    body: { id: handle.id },
  }
}

async function enqueueAll(call: Call) {
  const { jobs } = call.body
  for (const name of ['name', 'args', 'opts'])
    if (call.body[name] !== undefined) throw new TypeError(`${name}: expected nothing beside jobs`)
  if (!Array.isArray(jobs)) throw new TypeError('jobs: expected a list of { name, args, opts }')
  const together = call.reactor.enqueueAll(jobs)
  const handles = [...together.jobs] as { id: string; cancel(): Promise<unknown> }[]
  const cancel = () => Promise.all(handles.map((handle) => handle.cancel()))
  await acceptedWithin({ accepted: together.accepted, cancel }, ACCEPT_MS, 'the jobs', call.clock)
  return { status: 202, body: { ids: handles.map(({ id }) => id) } }
}

async function flow(call: Call) {
  const { id, failFast, jobs: given } = call.body as Partial<GivenFlow>
  const flow = call.reactor.flow({ id, failFast, jobs: given as GivenFlow['jobs'] })
  await acceptedWithin(flow, ACCEPT_MS, 'the flow', call.clock)
  const jobs = Object.fromEntries(Object.entries(flow.jobs).map(([key, { id }]) => [key, id]))
  return {
    status: 202,
    headers: { location: `flows/${encodeURIComponent(flow.id)}` },
    body: { id: flow.id, jobs },
  }
}

export const ENQUEUE_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/jobs',
    says: 'Enqueues a job, or several that one node takes together or not at all. With an id of your own (`opts.id`) it may be sent again.',
    body: {
      name: 'the name of the job',
      args: 'its args (an object)',
      opts: 'the options of JR.enqueue',
      jobs: 'in place of these, a list of { name, args, opts }',
    },
    answers: 'Enqueued',
    status: 202,
    run: enqueue,
  },
  {
    method: 'POST',
    path: '/flows',
    says: 'Enqueues jobs that wait for each other, as JR.flow does.',
    body: {
      id: 'an id of your own',
      failFast: 'true: when a job has not completed, those that have not begun are cancelled',
      jobs: 'by key: { name, args, opts, needs }',
    },
    answers: 'EnqueuedFlow',
    status: 202,
    run: flow,
  },
]

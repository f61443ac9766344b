import type { GivenFlow } from '../../distributor/index.js'
import { JrError } from '../../src/errors.js'
import type { EnqueueOptions } from '../../src/job/enqueue-options.js'
import type { JobArgs } from '../../src/job/types.js'
import type { Call, Route } from '../route.js'

/** How long a request waits for a node to take what it enqueues. */
const ACCEPT_MS = 5000

interface Sent {
  readonly accepted: Promise<unknown>
  cancel(): Promise<unknown>
}

/** Resolves when it is on the disk of a node. What no node takes in time is taken back. */
async function whenAccepted(sent: Sent, { clock }: Pick<Call, 'clock'>): Promise<void> {
  let late = () => {}
  const over = new Promise<never>((_, reject) => {
    const text = `no node has taken it within ${ACCEPT_MS / 1000} s, so it was taken back; if it was on its way, it may run all the same`
    late = () => reject(new JrError('JR_TIMEOUT', text))
  })
  const timer = clock.setTimer(ACCEPT_MS, () => late())
  try {
    await Promise.race([sent.accepted, over])
  } catch (error) {
    // It may wait for its node for ever: nobody waits for that here.
    if (error instanceof JrError && error.code === 'JR_TIMEOUT') sent.cancel().catch(() => {})
    throw error
  } finally {
    timer.cancel()
  }
}

async function enqueue(call: Call) {
  const { reactor, body } = call
  if (body.jobs !== undefined) return enqueueAll(call)
  const handle = reactor.enqueue(body.name as string, body.args as JobArgs, body.opts as EnqueueOptions)
  await whenAccepted(handle, call)
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
  await whenAccepted({ accepted: together.accepted, cancel }, call)
  return { status: 202, body: { ids: handles.map(({ id }) => id) } }
}

async function flow(call: Call) {
  const { id, failFast, jobs: given } = call.body as Partial<GivenFlow>
  const flow = call.reactor.flow({ id, failFast, jobs: given as GivenFlow['jobs'] })
  await whenAccepted({ accepted: flow.accepted, cancel: () => flow.cancel() }, call)
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

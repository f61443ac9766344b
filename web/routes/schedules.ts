import { notFound } from '../problem.js'
import type { Call, Route } from '../route.js'

/** A node that does not answer is not waited for. */
const WAIT = { wait: '10s' } as const

function noSchedule(id: string) {
  return notFound(`no connected node has a schedule '${id}'`)
}

async function done(did: Promise<boolean>, id: string) {
  if (!(await did)) throw noSchedule(id)
  return { body: { done: true } }
}

const acts = {
  pause: [
    'Runs no slot of it until it is resumed.',
    ({ reactor }: Call, id: string) => reactor.pauseSchedule(id, WAIT),
  ],
  resume: [
    'Goes on with the next slot.',
    ({ reactor }: Call, id: string) => reactor.resumeSchedule(id, WAIT),
  ],
} as const

export const SCHEDULE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/schedules',
    says: 'The schedules of all apps, with their next slots.',
    answers: 'Schedules',
    run: async ({ reactor }) => ({ body: { schedules: await reactor.monitor().schedules() } }),
  },
  ...Object.entries(acts).map(
    ([act, [says, run]]): Route => ({
      method: 'POST',
      path: `/schedules/{id}/${act}`,
      says,
      body: {},
      answers: 'Done',
      run: (call) => done(run(call, call.params.id ?? ''), call.params.id ?? ''),
    }),
  ),
  {
    method: 'POST',
    path: '/schedules/{id}/run',
    says: 'Begins a run at once, beside its slots.',
    body: {},
    answers: 'Ran',
    run: async ({ reactor, params }) => {
      const { id = '' } = params
      const job = await reactor.runSchedule(id, WAIT)
      if (job === null) throw noSchedule(id)
      return { body: { job } }
    },
  },
  {
    method: 'DELETE',
    path: '/schedules/{id}',
    says: 'Removes it, until its app makes it again.',
    body: {},
    answers: 'Done',
    run: ({ reactor, params }) => done(reactor.unschedule(params.id ?? '', WAIT), params.id ?? ''),
  },
]

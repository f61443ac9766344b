import type { Route } from './route.js'
import { ACT_ROUTES } from './routes/acts.js'
import { ENQUEUE_ROUTES } from './routes/enqueueing.js'
import { FLOW_ROUTES } from './routes/flows.js'
import { JOB_ROUTES } from './routes/jobs.js'
import { NAME_ROUTES, PAUSE_ROUTES } from './routes/names.js'
import { NODE_ROUTES } from './routes/nodes.js'
import { OVERVIEW_ROUTES } from './routes/overview.js'
import { SCHEDULE_ROUTES } from './routes/schedules.js'

/** All that may be asked for below `/api/v1`, beside `/events` and `/openapi.json`. */
export const ROUTES: readonly Route[] = [
  ...OVERVIEW_ROUTES,
  ...JOB_ROUTES,
  ...ENQUEUE_ROUTES,
  ...ACT_ROUTES,
  ...NAME_ROUTES,
  ...SCHEDULE_ROUTES,
  ...FLOW_ROUTES,
  ...NODE_ROUTES,
  ...PAUSE_ROUTES,
]

/** Whether a request of this kind changes something. */
export function changes({ method }: Pick<Route, 'method'>): boolean {
  return method !== 'GET'
}

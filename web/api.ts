import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Distributor } from '../distributor/index.js'
import type { Clock } from '../src/clock.js'
import { checkChange, rightsOf } from './access.js'
import { sendJson } from './answering.js'
import type { Audit } from './audit.js'
import { readJson } from './body.js'
import type { Feed } from './feed.js'
import { openApi } from './openapi.js'
import type { Rights, WebValues } from './options.js'
import { notFound, Problem, problemOf } from './problem.js'
import { type Found, finderOf, type Route } from './route.js'
import { shownJob } from './showing.js'
import { changes, ROUTES } from './table.js'

/** What requests are answered with. */
export interface Serving {
  readonly reactor: Distributor
  readonly values: WebValues
  readonly clock: Clock
  readonly audit: Audit
  readonly feed: Feed
}

const routesAt = finderOf(ROUTES)

/** A request below `/api/v1`: `path` begins with a slash, or is empty. Rejects with what it is refused with. */
export async function answerApi(
  req: IncomingMessage,
  res: ServerResponse,
  path: string,
  query: URLSearchParams,
  serving: Serving,
  stopped: AbortSignal,
): Promise<void> {
  const rights = await rightsOf(req, serving.values)
  if (path === '/openapi.json') return sendJson(req, res, 200, openApi())
  if (path === '/events') return listen(req, res, query, serving, rights)
  const { route, params } = routeOf(req.method ?? '', path)
  if (!changes(route)) return answer(req, res, { route, params }, query, {}, serving, rights, stopped)
  checkChange(req, rights)
  const tell = (status: number) => {
    const { user = null } = rights
    const from = req.socket.remoteAddress ?? 'a Unix socket'
    serving.audit.add({ at: new Date(serving.clock.now()), user, from, method: route.method, path, status })
  }
  try {
    const body = fieldsOf(await bodyFor(req, serving), route)
    await answer(req, res, { route, params }, query, body, serving, rights, stopped)
  } catch (error) {
    tell(problemOf(error).status)
    throw error
  }
  tell(res.statusCode)
}

async function answer(
  req: IncomingMessage,
  res: ServerResponse,
  { route, params }: Found,
  query: URLSearchParams,
  body: Readonly<Record<string, unknown>>,
  serving: Serving,
  rights: Rights,
  stopped: AbortSignal,
): Promise<void> {
  for (const name of query.keys())
    if (route.query?.[name] === undefined) throw unknown(`query ${name}`, Object.keys(route.query ?? {}))
  // It may have left while somebody was asked who it is.
  if (res.destroyed) return
  let gone = null as AbortController | null
  const leave = () => gone?.abort()
  res.once('close', leave)
  try {
    const {
      status = 200,
      headers,
      body: answered,
    } = await route.run({
      ...serving,
      params,
      query,
      body,
      rights,
      // Most look at none, and one costs more than their answer.
      get signal() {
        gone ??= new AbortController()
        if (res.destroyed) gone.abort()
        return AbortSignal.any([gone.signal, stopped])
      },
      show: (job) => shownJob(job, rights, serving.values.redact),
    })
    sendJson(req, res, status, answered, headers)
  } catch (error) {
    if (stopped.aborted) throw new Problem(503, 'JR_STOPPED', 'the server stops')
    // What it was to be told is nothing to anybody.
    if (gone?.signal.aborted === true) return
    throw error
  } finally {
    res.off('close', leave)
  }
}

function routeOf(method: string, path: string): Found {
  const found = routesAt(path)
  const wanted = method === 'HEAD' ? 'GET' : method
  const one = found.find(({ route }) => route.method === wanted)
  if (one !== undefined) return one
  if (found.length === 0) throw notFound('there is no such path; GET /api/v1/openapi.json lists all of them')
  const allow = found.map(({ route }) => route.method).join(', ')
  throw new Problem(405, 'JR_METHOD', `expected ${allow}, got ${method.slice(0, 20)}`, { headers: { allow } })
}

/** Whoever has no field to give may leave the body out. */
function bodyFor(req: IncomingMessage, { values, clock }: Serving): Promise<unknown> {
  const hasBody =
    req.headers['content-length'] !== undefined || req.headers['transfer-encoding'] !== undefined
  const none = !hasBody || req.headers['content-length'] === '0'
  if (none) return Promise.resolve({})
  return readJson(req, values.maxBody, clock)
}

function fieldsOf(body: unknown, route: Route): Readonly<Record<string, unknown>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new TypeError('the body: expected an object in JSON')
  for (const name of Object.keys(body))
    if (route.body?.[name] === undefined) throw unknown(name, Object.keys(route.body ?? {}))
  return body as Record<string, unknown>
}

function unknown(name: string, known: readonly string[]): Problem {
  const text = `${name.slice(0, 100)}: no such field; known: ${known.length === 0 ? 'none' : known.join(', ')}`
  return new Problem(422, 'JR_NOT_VALID', text, { path: name.slice(0, 100) })
}

function listen(
  req: IncomingMessage,
  res: ServerResponse,
  query: URLSearchParams,
  { feed, values }: Serving,
  rights: Rights,
): void {
  if (req.method !== 'GET') throw new Problem(405, 'JR_METHOD', 'expected GET', { headers: { allow: 'GET' } })
  if (res.destroyed) return
  if (feed.isFull) throw new Problem(503, 'JR_TOO_MANY', 'too many pages listen already')
  const job = query.get('job')
  // What a job tells is a part of it: only with all of the job can the app say what of it is hidden.
  const progress = rights.args && values.redact === null
  feed.add({ res, job, progress, show: (one) => shownJob(one, rights, values.redact) })
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Distributor } from '../distributor/index.js'
import { createLogger, type Logger } from '../src/logger.js'
import { type Surroundings, SYSTEM } from '../src/surroundings.js'
import { messageOf } from '../src/thrown.js'
import { rightsOf } from './access.js'
import { safeHeaders, sendJson, sendProblem, sendText } from './answering.js'
import { answerApi, type Serving } from './api.js'
import { Assets } from './assets.js'
import { Audit } from './audit.js'
import { Feed } from './feed.js'
import { readiness } from './health.js'
import { METRICS_TYPE, metricsText } from './metrics/text.js'
import { BASE, type WebOptions, type WebValues, webValues } from './options.js'
import { notFound, Problem, problemOf } from './problem.js'

/** Answers requests: of `node:http`, and in Express and Fastify. */
export interface WebHandler extends AsyncDisposable {
  (req: IncomingMessage, res: ServerResponse): void
  /** Ends what waits and listens: requests are answered with 503 from now on. Closes no server and no distributor. */
  stop(): Promise<void>
}

const API = '/api/v1'

/**
 * A handler of requests that serves the dashboard, the HTTP API (`/api/v1`), `/metrics`, `/healthz` and `/readyz` for the nodes
 * that are connected to `reactor`, which may be started later. Throws a TypeError for bad options, and JR_BAD_CONFIG for a token file.
 */
export function webHandler(reactor: Distributor, options: WebOptions = {}): WebHandler {
  return new Web(reactor, webValues(options)).handler
}

class Web {
  readonly #serving: Serving
  readonly #log: Logger
  readonly #assets = new Assets()
  readonly #stopped = new AbortController()

  constructor(reactor: Distributor, values: WebValues, { clock }: Surroundings = SYSTEM) {
    const log = createLogger({ clock })
    this.#log = log
    const audit = new Audit(
      (entry) => {
        const { at: _, ...facts } = entry
        log.info('web:changed', facts)
        values.audit(entry)
      },
      (error) => log.error('web:failed', { what: 'audit', error: messageOf(error) }),
    )
    const feed = new Feed(reactor, clock, (error) => this.#failed('/events', error))
    this.#serving = { reactor, values, clock, audit, feed }
  }

  get handler(): WebHandler {
    const handle = (req: IncomingMessage, res: ServerResponse): void => {
      this.#answer(req, res).catch((error) => {
        const problem = problemOf(error)
        if (problem.status === 500) this.#failed(req.url ?? '', error)
        sendProblem(req, res, problem)
      })
    }
    const stop = async (): Promise<void> => {
      this.#stopped.abort()
      this.#serving.feed.stop()
    }
    return Object.assign(handle, { stop, [Symbol.asyncDispose]: stop })
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    safeHeaders(res)
    if (this.#stopped.signal.aborted) throw new Problem(503, 'JR_STOPPED', 'the server stops')
    const { base, path, query } = placeOf(req, this.#serving.values)
    if (path === API || path.startsWith(`${API}/`))
      return answerApi(
        req,
        res,
        path.slice(API.length).replace(/\/$/, ''),
        query,
        this.#serving,
        this.#stopped.signal,
      )
    const { reactor, values } = this.#serving
    switch (path) {
      case '/healthz':
        return sendText(req, res, 200, 'text/plain; charset=utf-8', 'ok\n')
      case '/readyz': {
        const { ready, why } = readiness(reactor)
        return sendJson(req, res, ready ? 200 : 503, { ready, why })
      }
      case '/metrics':
        await rightsOf(req, values)
        return sendText(req, res, 200, METRICS_TYPE, await metricsText(reactor))
    }
    if (!this.#assets.answer(req, res, path, base)) throw notFound('there is nothing here')
  }

  #failed(url: string, error: unknown): void {
    this.#log.error('web:failed', { url: url.slice(0, 200), error: messageOf(error) })
  }
}

/** What of a URL is ours. Express takes the path where it has mounted us out of the URL. */
function placeOf(
  req: IncomingMessage & { readonly baseUrl?: string; readonly originalUrl?: string },
  { base: given }: Pick<WebValues, 'base'>,
): { readonly base: string; readonly path: string; readonly query: URLSearchParams } {
  const url = req.originalUrl ?? req.url ?? '/'
  const [whole = '', ...rest] = url.split('?')
  const base = given ?? req.baseUrl ?? ''
  if (!BASE.test(base) || (whole !== base && !whole.startsWith(`${base}/`)))
    throw notFound(`there is nothing here; all is below '${base.slice(0, 100)}/'`)
  const path = whole.slice(base.length)
  return { base, path: path === '' ? '/' : path, query: new URLSearchParams(rest.join('?')) }
}

import type { Distributor } from '../distributor/index.js'
import type { Clock } from '../src/clock.js'
import type { Audit } from './audit.js'
import type { Feed } from './feed.js'
import type { Rights, ShownJob, WebValues } from './options.js'
import type { SchemaName } from './schemas.js'

/** One request, understood so far. */
export interface Call {
  readonly reactor: Distributor
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly body: Readonly<Record<string, unknown>>
  readonly rights: Rights
  readonly values: WebValues
  readonly clock: Clock
  readonly audit: Audit
  readonly feed: Feed
  /** Aborts when the client has gone, or the server stops. */
  readonly signal: AbortSignal
  /** A job as this client may see it. */
  show(job: ShownJob): Record<string, unknown>
}

export interface Answer {
  /** Default 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
}

/** What may be asked for. All else follows from the list of them: who is let in, what is checked, and the documents. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below `/api/v1`, with `{names}` of what varies. */
  readonly path: string
  readonly says: string
  /** What may follow the `?`, and what it is. Anything else is refused. */
  readonly query?: Readonly<Record<string, string>>
  /** The fields of the body, and what they are. Anything else is refused. */
  readonly body?: Readonly<Record<string, string>>
  readonly answers: SchemaName
  /** Default 200. */
  readonly status?: number
  readonly run: (call: Call) => Promise<Answer> | Answer
}

export interface Found {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

/** Finds the routes at a path, by method. The path is as it came: each part is decoded by itself. */
export function finderOf(routes: readonly Route[]): (path: string) => Found[] {
  const patterns = routes.map((route) => ({ route, pattern: route.path.split('/').map(partOf) }))
  return (path) => {
    const parts = path.split('/')
    return patterns.flatMap(({ route, pattern }) => {
      const params = match(pattern, parts)
      return params === null ? [] : [{ route, params }]
    })
  }
}

/** A part of a path: as it is, or the name of what varies. */
interface Part {
  readonly text: string
  readonly name: string | null
}

function partOf(text: string): Part {
  return { text, name: /^\{(\w+)\}$/.exec(text)?.[1] ?? null }
}

function match(pattern: readonly Part[], parts: readonly string[]): Record<string, string> | null {
  if (pattern.length !== parts.length) return null
  const params: Record<string, string> = {}
  for (const [i, { text, name }] of pattern.entries()) {
    const part = parts[i] ?? ''
    if (name === null) {
      if (part !== text) return null
      continue
    }
    try {
      params[name] = decodeURIComponent(part)
    } catch {
      return null
    }
    if (params[name] === '') return null
  }
  return params
}

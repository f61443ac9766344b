import { type ErrorCode, JrError } from '../src/errors.js'

/** What only a request can do wrong; beside these the codes of the whole package are answered. */
export const WEB_CODES = {
  JR_NOT_JSON: 'the body is not JSON, or is said to be something else',
  JR_NOT_VALID: 'a field of the request is not as it should be: `path` says which',
  JR_NOT_FOUND: 'there is no such path, or nothing there',
  JR_METHOD: 'the path takes other methods',
  JR_TOO_LARGE: 'the body is larger than allowed',
  JR_TOO_MANY: 'too many pages listen already',
  JR_INTERNAL: 'the server failed; why is in its log',
} as const
export type ProblemCode = ErrorCode | keyof typeof WEB_CODES

/** Why a request is refused, as it is answered: a problem (RFC 9457). */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  readonly code: ProblemCode
  /** Which part of the request is wrong. */
  readonly path: string | null
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    code: ProblemCode,
    message: string,
    more: { readonly path?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.path = more.path ?? null
    this.headers = more.headers ?? {}
  }
}

export const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Request timed out',
  409: 'Not possible in this state',
  413: 'Too large',
  415: 'Not JSON',
  422: 'Not valid',
  500: 'Failed',
  503: 'Not available',
}

/** What of our errors is the request's own fault, and of which kind. All others: something is not there, or not now. */
export const STATUSES: Readonly<Partial<Record<ErrorCode, number>>> = {
  JR_WRONG_STATE: 409,
  JR_DUPLICATE: 409,
  JR_REPLACED: 409,
  JR_SCHEDULE_TAKEN: 409,
  JR_BAD_FLOW: 422,
  JR_ARGS_TOO_LARGE: 422,
  JR_NO_SUCH_JOB: 422,
  JR_NO_NODE: 422,
  JR_UNKNOWN_TERM: 422,
  JR_VALUE_TOO_LARGE: 422,
  JR_TIMEOUT: 503,
  JR_PROTOCOL: 503,
}

/** What is answered for whatever was thrown. What is nobody's fault but ours says no more than that: its words may hold anything. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof JrError) return new Problem(STATUSES[error.code] ?? 503, error.code, error.message)
  if (error instanceof TypeError) {
    const [path = ''] = /^[\w.[\]'-]+(?=: )/.exec(error.message) ?? []
    return new Problem(422, 'JR_NOT_VALID', error.message, path === '' ? {} : { path })
  }
  return new Problem(500, 'JR_INTERNAL', 'the request failed; why is in the log of the server')
}

/** As it is sent. */
export function bodyOf({ status, code, message, path }: Problem): Record<string, unknown> {
  const title = TITLES[status] ?? 'Refused'
  return { type: 'about:blank', title, status, detail: message, code, ...(path === null ? {} : { path }) }
}

export function notFound(what: string): Problem {
  return new Problem(404, 'JR_NOT_FOUND', what)
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { toJson } from '../src/to-json.js'
import { bodyOf, type Problem } from './problem.js'

/** Of every response: nothing is guessed, framed, kept by others, or told to other sites. */
const SAFE = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
} as const

export function safeHeaders(res: ServerResponse): void {
  for (const [name, value] of Object.entries(SAFE)) res.setHeader(name, value)
}

export function sendText(
  req: Pick<IncomingMessage, 'method'>,
  res: ServerResponse,
  status: number,
  type: string,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (res.headersSent || res.destroyed) return
  const body = Buffer.from(text)
  res.writeHead(status, {
    'cache-control': 'no-store',
    ...headers,
    'content-type': type,
    'content-length': body.length,
  })
  res.end(req.method === 'HEAD' ? undefined : body)
}

export function sendJson(
  req: Pick<IncomingMessage, 'method'>,
  res: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  sendText(req, res, status, 'application/json', toJson(body), headers)
}

export function sendProblem(
  req: Pick<IncomingMessage, 'method'>,
  res: ServerResponse,
  problem: Problem,
): void {
  const { status, headers } = problem
  sendText(req, res, status, 'application/problem+json', toJson(bodyOf(problem)), headers)
}

import { BASE } from './base.js'

const TOKEN = 'job-reactor-token'

/** What the server refused, or that it is away: `status` 0. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

let onLocked = () => {}

/** Called when the server wants a token, or another one. */
export function whenLocked(call: () => void): void {
  onLocked = call
}

/** Kept as long as the tab is open. */
export function setToken(token: string): void {
  sessionStorage.setItem(TOKEN, token)
}

function headers(): Record<string, string> {
  const token = sessionStorage.getItem(TOKEN)
  return token === null ? {} : { authorization: `Bearer ${token}` }
}

export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return ask<T>('GET', path, undefined, signal)
}

/** A change. */
export function send<T = unknown>(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body: object = {},
): Promise<T> {
  return ask<T>(method, path, body)
}

async function ask<T>(method: string, path: string, body?: object, signal?: AbortSignal): Promise<T> {
  const change = body === undefined ? {} : { 'content-type': 'application/json', 'x-job-reactor': '1' }
  const response = await reach(`${BASE}api/v1/${path}`, {
    method,
    headers: { ...headers(), ...change },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  })
  if (response.ok) return (await response.json()) as T
  throw await refusal(response)
}

async function refusal(response: Response): Promise<ApiError> {
  if (response.status === 401) onLocked()
  const problem = (await response.json().catch(() => ({}))) as { detail?: string; code?: string }
  return new ApiError(
    response.status,
    problem.code ?? '',
    problem.detail ?? `the server answered ${response.status}`,
  )
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, cache: 'no-store', credentials: 'same-origin' })
  } catch (error) {
    if (init.signal?.aborted) throw error
    throw new ApiError(0, '', 'the server cannot be reached')
  }
}

/** Server-sent events, by fetch: an EventSource can send no token. Resolves when the server ends them. */
export async function events(
  path: string,
  signal: AbortSignal,
  on: (event: string, data: unknown) => void,
): Promise<void> {
  const response = await reach(`${BASE}api/v1/${path}`, { headers: headers(), signal })
  if (!response.ok) throw await refusal(response)
  if (response.body === null) return
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const blocks = (rest + value).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const event = /^event: (.*)$/m.exec(block)?.[1]
      const data = /^data: (.*)$/m.exec(block)?.[1]
      if (event !== undefined && data !== undefined) on(event, JSON.parse(data))
    }
  }
}

import { once } from 'node:events'
import { createServer, type RequestListener, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: of whatever was asked for
  readonly json: any
}

export interface Client {
  readonly port: number
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
}

/** A real server with this handler, and a way to ask it as a program would: with the header that changes need. */
export async function serve(t: Test, handler: RequestListener): Promise<Client> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const ask: Client['ask'] = (method, path, body, headers = {}) =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
      const own = text === undefined ? {} : { 'content-type': 'application/json' }
      const all = { 'x-job-reactor': '1', ...own, ...headers }
      const req = request({ host: '127.0.0.1', port, method, path, headers: all, agent: false }, (res) => {
        const parts: Buffer[] = []
        res.on('data', (part) => parts.push(part))
        res.on('error', reject)
        res.on('end', () => {
          const text = Buffer.concat(parts).toString()
          const isJson = /json/.test(String(res.headers['content-type'])) && text !== ''
          const { statusCode: status = 0, headers } = res
          resolve({ status, headers, text, json: isJson ? JSON.parse(text) : null })
        })
      })
      req.on('error', reject)
      req.end(text)
    })
  return { port, ask }
}

import type { IncomingMessage } from 'node:http'
import type { Clock } from '../src/clock.js'
import { Problem } from './problem.js'

/** Who sends a body slower than this is not waited for. */
const SLOWEST_MS = 30_000

/** The JSON of a request. Throws a problem when it is none, too large, or too slow. */
export async function readJson(
  req: IncomingMessage,
  most: number,
  clock: Pick<Clock, 'setTimer'>,
): Promise<unknown> {
  const type = req.headers['content-type'] ?? ''
  if (!/^application\/json\s*(;\s*charset=utf-8\s*)?$/i.test(type))
    throw new Problem(
      415,
      'JR_NOT_JSON',
      `expected content-type: application/json, got '${type.slice(0, 100)}'`,
    )
  const parsed = given(req)
  if (parsed !== undefined) return parsed
  if (req.readableEnded)
    throw new Problem(400, 'JR_NOT_JSON', 'the body was read by another, who has not left it in req.body')
  const text = await textOf(req, most, clock)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Problem(400, 'JR_NOT_JSON', `the body is not JSON: ${(error as Error).message.slice(0, 200)}`)
  }
}

/** What a middleware in front of us (such as express.json) has read already. */
function given(req: IncomingMessage & { readonly body?: unknown }): unknown {
  return req.readableEnded ? req.body : undefined
}

function textOf(req: IncomingMessage, most: number, clock: Pick<Clock, 'setTimer'>): Promise<string> {
  const tooLarge = () =>
    new Problem(413, 'JR_TOO_LARGE', `the body has more than ${most} bytes (option maxBody)`, {
      headers: { connection: 'close' },
    })
  if (Number(req.headers['content-length'] ?? 0) > most) return Promise.reject(tooLarge())
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let size = 0
    const end = (settle: () => void) => {
      timer.cancel()
      req.off('data', take).off('end', done).off('error', lost).off('close', gone)
      settle()
    }
    const take = (part: Buffer) => {
      size += part.length
      parts.push(part)
      if (size <= most) return
      req.pause()
      end(() => reject(tooLarge()))
    }
    const done = () => end(() => resolve(Buffer.concat(parts).toString('utf8')))
    const lost = (error: Error) => end(() => reject(error))
    const gone = () =>
      lost(new Problem(400, 'JR_CONNECTION', 'the connection was closed before the body had come'))
    const late = () => {
      const text = `the body did not come within ${SLOWEST_MS / 1000} s`
      end(() => reject(new Problem(408, 'JR_TIMEOUT', text, { headers: { connection: 'close' } })))
    }
    const timer = clock.setTimer(SLOWEST_MS, late)
    req.on('data', take).on('end', done).on('error', lost).on('close', gone)
  })
}

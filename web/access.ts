import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { Rights, WebValues } from './options.js'
import { Problem } from './problem.js'

const ALL: Rights = { read: true, args: true, write: true }

/** What the sender of a request may do. Throws a problem when it may do nothing. */
export async function rightsOf(
  req: IncomingMessage,
  { tokens, authorize, readOnly }: Pick<WebValues, 'tokens' | 'authorize' | 'readOnly'>,
): Promise<Rights> {
  const rights =
    authorize !== null ? await authorize(req) : tokens.length > 0 ? byToken(req, tokens) : byPlace(req)
  if (rights === null || !rights.read)
    throw new Problem(
      401,
      'JR_AUTH',
      'expected credentials: a token (authorization: Bearer …), or those of the app',
      {
        headers: { 'www-authenticate': 'Bearer' },
      },
    )
  return readOnly ? { ...rights, write: false } : rights
}

function byToken(req: IncomingMessage, tokens: readonly string[]): Rights | null {
  const sent = /^Bearer (.+)$/i.exec(req.headers.authorization ?? '')?.[1]
  if (sent === undefined) return null
  // Each is compared, and as a digest: how long it takes says nothing of a token.
  return tokens.filter((token) => timingSafeEqual(digest(token), digest(sent))).length > 0 ? ALL : null
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/**
 * Without a token: those on this machine. A page of another site may send a browser of this machine here, under a name of its own
 * (DNS rebinding): so the name has to be one of this machine, too. And what a proxy hands on comes from elsewhere.
 */
function byPlace(req: IncomingMessage): Rights {
  const host = (req.headers.host ?? '').replace(/:\d+$/, '').toLowerCase()
  const handedOn = req.headers['x-forwarded-for'] !== undefined || req.headers.forwarded !== undefined
  if (isOfThisMachine(req.socket) && isLoopbackName(host) && !handedOn) return ALL
  const text =
    'without a token only this machine is served, at localhost: give one (option token, tokenFile or authorize)'
  throw new Problem(403, 'JR_AUTH', text)
}

/**
 * Both ends are at a loopback address, or the server listens at the path of a Unix socket. A connection that has been reset has no
 * address of its sender any more: that says nothing of where it came from.
 */
function isOfThisMachine(socket: Socket & { readonly server?: Server }): boolean {
  if (socket.server !== undefined && isAtPath(socket.server)) return true
  return isLoopback(socket.remoteAddress) && isLoopback(socket.localAddress)
}

/** Asked once: the system is asked where a server listens. */
function isAtPath(server: Server): boolean {
  const known = atPaths.get(server)
  if (known !== undefined) return known
  const is = typeof server.address() === 'string'
  atPaths.set(server, is)
  return is
}

const atPaths = new WeakMap<Server, boolean>()

export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (/^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address) || address === '::1')
}

export function isLoopbackName(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/**
 * What changes something comes from our own page, or from a program. A form or a script of another site can send neither this header
 * nor JSON without asking first, and nobody allows it.
 */
export function checkChange(req: IncomingMessage, rights: Rights): void {
  if (!rights.write) throw new Problem(403, 'JR_AUTH', 'you may look, and change nothing')
  const { origin, host } = req.headers
  if (req.headers['x-job-reactor'] === undefined)
    throw new Problem(403, 'JR_AUTH', "a change needs the header 'x-job-reactor: 1'")
  const site = req.headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw new Problem(403, 'JR_AUTH', 'a change can be made from this site alone')
  if (origin !== undefined && hostOf(origin) !== host)
    throw new Problem(
      403,
      'JR_AUTH',
      `a change can be made from this site alone, not from ${origin.slice(0, 200)}`,
    )
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null
}

import { shown } from '../options/duration.js'

/** Where to listen or dial: a TCP port, or the path of a Unix socket (on Windows, of a named pipe). */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string }

/** An address as a user may write it. */
export type AddressOption = Address | string | number | readonly [host: string, port: number]

const DEFAULT_HOST = '127.0.0.1'

/**
 * Reads `'127.0.0.1:5000'`, `'[::1]:5000'`, `5000`, `'/run/app.sock'`, `'unix:app.sock'`, or an address object.
 * Throws a TypeError that names `path`.
 */
export function parseAddress(value: unknown, path: string): Address {
  const address = read(value)
  if (address !== null) return address
  const forms = "'host:port', '[ipv6]:port', a port, or the path of a Unix socket"
  throw new TypeError(`${path}: expected ${forms}, got ${shown(value)}`)
}

/** As `parseAddress` reads it again. */
export function formatAddress(address: Address): string {
  if ('path' in address) return isPath(address.path) ? address.path : `unix:${address.path}`
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}

/** Whether only this machine can reach it. */
export function isLocal(address: Address): boolean {
  if ('path' in address) return true
  const { host } = address
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

function read(value: unknown): Address | null {
  if (typeof value === 'number') return tcp(DEFAULT_HOST, value)
  if (typeof value === 'string') return fromText(value)
  if (typeof value !== 'object' || value === null) return null
  if (Array.isArray(value)) return value.length === 2 ? tcp(value[0], value[1]) : null
  if ('path' in value)
    return typeof value.path === 'string' && value.path !== '' ? { path: value.path } : null
  return 'port' in value ? tcp('host' in value ? value.host : DEFAULT_HOST, value.port) : null
}

function fromText(text: string): Address | null {
  if (text.startsWith('unix:')) return text.length > 5 ? { path: text.slice(5) } : null
  if (isPath(text)) return { path: text }
  const match = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d+)$/.exec(text)
  return match === null ? null : tcp(match[1] ?? match[2] ?? DEFAULT_HOST, Number(match[3]))
}

/** Whether text can't be anything else. */
function isPath(text: string): boolean {
  return text.startsWith('/') || text.startsWith('./') || text.startsWith('\\\\.\\pipe\\')
}

function tcp(host: unknown, port: unknown): Address | null {
  if (typeof host !== 'string' || host === '' || typeof port !== 'number') return null
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? { host, port } : null
}

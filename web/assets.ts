import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { sendText } from './answering.js'

const DIR = fileURLToPath(new URL('page/', import.meta.url))
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
}
/** In index.html, where the path below which all is served goes. */
const BASE = /%BASE%/g

interface Asset {
  readonly type: string
  readonly etag: string
  readonly bytes: Buffer
  readonly gzip: Buffer
}

/** The dashboard: files of the package, read once. Nothing of a request is ever part of a path. */
export class Assets {
  readonly #files = new Map<string, Asset>()
  readonly #index: string | null

  constructor(dir = DIR) {
    let index: string | null = null
    try {
      index = readFileSync(join(dir, 'index.html'), 'utf8')
      for (const name of readdirSync(join(dir, 'assets')))
        this.#files.set(`/assets/${name}`, assetOf(readFileSync(join(dir, 'assets', name)), extname(name)))
    } catch (error) {
      // Of a build without the pages: all else works.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    this.#index = index
  }

  /** False: there is no such file. Any path that is no file's is one of the pages. */
  answer(req: IncomingMessage, res: ServerResponse, path: string, base: string): boolean {
    if (req.method !== 'GET' && req.method !== 'HEAD') return false
    const file = this.#files.get(path)
    if (file !== undefined) {
      sendFile(req, res, file)
      return true
    }
    if (path.startsWith('/assets/')) return false
    const html = this.#index?.replace(BASE, base) ?? WITHOUT_PAGES
    sendText(req, res, 200, 'text/html; charset=utf-8', html)
    return true
  }
}

const WITHOUT_PAGES = `<!doctype html><html lang="en"><title>job-reactor</title>
<p>The dashboard was not built: run <code>npm run build</code>. The API is at <code>api/v1</code>.</p></html>
`

function assetOf(bytes: Buffer, extension: string): Asset {
  return {
    type: TYPES[extension] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    bytes,
    gzip: gzipSync(bytes, { level: 9 }),
  }
}

function sendFile(req: IncomingMessage, res: ServerResponse, { type, etag, bytes, gzip }: Asset): void {
  // Asked for each time, and sent when it is another: after an update nobody has the page of before.
  const headers = { etag, 'cache-control': 'no-cache', vary: 'accept-encoding' }
  if (req.headers['if-none-match'] === etag) {
    res.writeHead(304, headers).end()
    return
  }
  const isPacked = /\bgzip\b/.test(String(req.headers['accept-encoding'] ?? ''))
  const body = isPacked ? gzip : bytes
  res.writeHead(200, {
    ...headers,
    'content-type': type,
    'content-length': body.length,
    ...(isPacked ? { 'content-encoding': 'gzip' } : {}),
  })
  res.end(req.method === 'HEAD' ? undefined : body)
}

import { once } from 'node:events'
import { chmodSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Distributor } from '../distributor/index.js'
import { JrError } from '../src/errors.js'
import { messageOf } from '../src/thrown.js'
import { type Address, formatAddress, isLocal, parseAddress } from '../src/wire/address.js'
import { webHandler } from '../web/index.js'
import type { CommandLine } from './options.js'

export interface WebServer {
  /** For people: where a browser finds it. */
  readonly url: string
  stop(): Promise<void>
}

/** What is asked for, checked before anything is opened. `flag`: that with the address, for people. Throws a TypeError. */
export function webFrom(
  flags: CommandLine['flags'],
  address: string,
  flag: string,
): (app: Distributor) => Promise<WebServer> {
  const at = parseAddress(address, `flag --${flag}`)
  const tokenFile = textOf(flags['web-token-file'])
  const base = textOf(flags['web-base'])
  if (!isLocal(at) && tokenFile === undefined) {
    const text = `flag --${flag}: ${address} can be reached from other machines: give a token (--web-token-file FILE), or listen at 127.0.0.1`
    throw new TypeError(text)
  }
  return (app) => {
    const handler = webHandler(app, {
      readOnly: flags['web-read-only'] === true,
      ...(tokenFile === undefined ? {} : { tokenFile }),
      ...(base === undefined ? {} : { base }),
    })
    return serve(handler, at, base ?? '')
  }
}

async function serve(handler: ReturnType<typeof webHandler>, at: Address, base: string): Promise<WebServer> {
  const server = createServer(handler)
  // Slow senders of headers and bodies are cut off by node:http itself; what waits for a job does not.
  server.headersTimeout = 20_000
  server.requestTimeout = 60_000
  try {
    server.listen(at)
    await once(server, 'listening')
  } catch (error) {
    throw new JrError('JR_ADDRESS', `the web server: ${formatAddress(at)}: ${messageOf(error)}`, {
      cause: error,
    })
  }
  if ('path' in at) chmodSync(at.path, 0o600)
  const bound = server.address()
  const where =
    typeof bound === 'object' && bound !== null && 'host' in at ? { host: at.host, port: bound.port } : at
  return {
    url: 'path' in where ? formatAddress(where) : `http://${formatAddress(where)}${base}/`,
    async stop() {
      await handler.stop()
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function textOf(value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

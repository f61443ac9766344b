import { Distributor } from '../distributor/index.js'
import { makePrivateSocket, removePrivateSocket } from '../distributor/spawned/private-socket.js'
import type { NodeValues } from '../src/options/node-options.js'
import type { Address } from '../src/wire/address.js'
import type { CommandLine } from './options.js'
import { webFrom } from './web-server.js'

/** The dashboard of one node, in its process. `address`: where the node finds the app that the dashboard asks through. */
export async function startNodeWeb(
  flags: CommandLine['flags'],
  at: string,
  { name, secretFile }: NodeValues,
): Promise<{ readonly url: string; readonly address: Address; stop(): Promise<void> }> {
  const begin = webFrom(flags, at, 'web')
  const path = makePrivateSocket()
  const app = new Distributor()
  const stop = async () => {
    await app.stop({ timeout: 0 })
    removePrivateSocket(path)
  }
  try {
    await app.start({
      name: `dashboard of ${name}`,
      path,
      ...(secretFile === undefined ? {} : { secretFile }),
    })
    const web = await begin(app)
    return {
      url: web.url,
      address: { path },
      async stop() {
        await web.stop()
        await stop()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

import type { Logger } from '../../src/logger.js'
import type { Surroundings } from '../../src/surroundings.js'
import { type Link, type LinkHandlers, Links } from '../../src/wire/links.js'
import type { NodeConfig } from '../settings.js'

/** How a node and distributors find each other. `storeId`: once the store is open. */
export function linksOf(
  config: NodeConfig,
  storeId: () => string,
  onLink: (link: Link) => LinkHandlers,
  surroundings: { readonly log: Logger } & Surroundings,
): Links {
  const { name, secret, maxFrame, heartbeatMs, allowRemote } = config
  return new Links({
    identity: () => ({ role: 'node', name, instance: storeId() }),
    secret,
    maxFrame,
    heartbeatMs,
    allowRemoteWithoutSecret: allowRemote,
    onLink,
    ...surroundings,
  })
}

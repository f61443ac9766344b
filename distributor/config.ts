import type { Middlewares } from './middleware.js'
import type { NodesConfig } from './nodes/nodes.js'

/** How an app's distributor is to be. */
export interface DistributorConfig extends NodesConfig {
  readonly maxHeld: number
  readonly maxHeldBytes: number
  readonly alwaysUseSpecifiedNode: () => boolean
  readonly middleware: Middlewares
}

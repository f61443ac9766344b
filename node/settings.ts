import type { TerminalState } from '../src/job/states.js'
import type { NodeValues } from '../src/options/node-options.js'
import type { Secret } from '../src/options/secret.js'
import type { ShownOption } from '../src/options/shown.js'
import type { RedisStoreOptions } from '../src/store/redis/store.js'
import type { Address } from '../src/wire/address.js'
import type { Forward } from './forward.js'

/** The settled options of a node, in the units in which the node works: milliseconds, bytes, counts. */
export interface NodeConfig extends Omit<NodeValues, 'name' | 'dir' | 'listen' | 'distributors' | 'env'> {
  readonly name: string
  /** Absolute path of the folder of job files. */
  readonly jobs: string
  /** Absolute path of the folder in which a level store keeps its data. */
  readonly dir: string
  readonly redis: RedisStoreOptions
  readonly listen: Address | null
  readonly distributors: readonly Address[]
  readonly secret: Secret | null
  /** Variables for the children, on top of the allow-list. */
  readonly env: Readonly<Record<string, string>>
  /** Names of variables that the node, or the app that spawned it, has and does not pass on. */
  readonly withheld: readonly string[]
  /** Modules that children import before the job files: URLs, or names of packages. */
  readonly imports: readonly string[]
  /** Where jobs that jobs enqueue for other nodes go; null: they are refused. */
  readonly forward: Forward | null
  /** As people may see them, with where each comes from. */
  readonly options: readonly ShownOption[]
  /** Its store is one of the user's own. */
  readonly ownStore: boolean
  /** Whether jobs that ended like this are kept for people to look at. */
  keeps(state: TerminalState): boolean
}

/** What of it those who store, run and judge jobs go by. */
export type NodeSettings = Pick<
  NodeConfig,
  | 'name'
  | 'jobs'
  | 'maxAttempts'
  | 'backoff'
  | 'timeoutMs'
  | 'poisonLimit'
  | 'minPriority'
  | 'maxPriority'
  | 'maxArgs'
  | 'unknownJob'
  | 'keepLogs'
  | 'retryJobsAtStart'
  | 'logJobProcessing'
  | 'keeps'
>

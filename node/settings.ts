import type { Backoff } from '../src/job/retry-policy.js'
import type { TerminalState } from '../src/job/states.js'
import type { Secret } from '../src/secret.js'
import type { RedisStoreOptions } from '../src/store/redis/store.js'
import type { Address } from '../src/wire/address.js'
import type { Forward } from './local-jobs.js'

/** The settled options of a node, in the units in which the node works: milliseconds, bytes, counts. */
export interface NodeSettings {
  readonly name: string
  /** Absolute path of the folder of job files. */
  readonly jobs: string
  readonly maxAttempts: number
  readonly backoff: Backoff
  readonly timeoutMs: number
  readonly poisonLimit: number
  readonly maxArgs: number
  readonly unknownJob: 'fail' | 'wait'
  readonly retryJobsAtStart: boolean
  readonly logJobProcessing: boolean
  /** Whether jobs that ended like this are kept for people to look at. */
  keeps(state: TerminalState): boolean
}

/** Everything else that a node is started with. */
export interface NodeConfig extends NodeSettings {
  readonly store: 'level' | 'memory' | 'redis'
  /** Absolute path of the folder in which a level store keeps its data. */
  readonly dir: string
  readonly durability: 'fsync' | 'os'
  readonly redis: RedisStoreOptions
  readonly listen: Address | null
  readonly distributors: readonly Address[]
  readonly secret: Secret | null
  readonly allowRemote: boolean
  readonly heartbeatMs: number
  readonly maxFrame: number
  readonly children: number
  readonly deferredChildren: number
  readonly concurrency: number
  readonly standbyChildren: number
  readonly timeoutGraceMs: number
  readonly shutdownTimeoutMs: number
  readonly maxJobsPerChild: number
  readonly maxMemoryPerChild: number
  readonly maxResult: number
  readonly mergeJobItselfToArgs: boolean
  readonly keepAgeMs: number
  readonly keepCount: number
  readonly outcomeGraceMs: number
  /** Variables for the children, on top of the allow-list. */
  readonly env: Readonly<Record<string, string>>
  /** Names of variables that the node, or the app that spawned it, has and does not pass on. */
  readonly withheld: readonly string[]
  /** Modules that children import before the job files: URLs, or names of packages. */
  readonly imports: readonly string[]
  /** Where jobs that jobs enqueue for other nodes go; null: they are refused. */
  readonly forward: Forward | null
}

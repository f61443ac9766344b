import type { Backoff } from '../job/retry-policy.js'
import type { Store } from '../store/contract.js'
import type { RedisExtra } from '../store/redis/client.js'
import type { Address } from '../wire/address.js'
import { LINK_OPTIONS } from './link-options.js'
import type { OptionSpec } from './table.js'

/** How a node may be started. Durations are seconds or text such as `'5m'`; sizes bytes or text such as `'64MiB'`. */
export interface NodeOptions {
  readonly name?: string
  readonly jobs?: string | URL
  /** Or a store of your own, for `startNode`. Not on the command line. */
  readonly store?: 'level' | 'memory' | 'redis' | Store
  readonly dir?: string | URL
  readonly durability?: 'fsync' | 'os'
  readonly redisUrl?: string
  readonly redisPrefix?: string
  readonly lease?: number | string
  readonly redisTimeout?: number | string
  readonly redisWait?: number
  readonly listen?: AddressOption
  readonly distributors?: readonly AddressOption[] | string
  readonly distribute?: AddressOption
  readonly secretFile?: string | URL
  readonly allowRemote?: boolean
  readonly heartbeat?: number | string
  readonly maxFrame?: number | string
  readonly children?: number
  readonly deferredChildren?: number
  readonly concurrency?: number
  readonly standbyChildren?: number
  readonly maxJobsPerChild?: number
  readonly maxMemoryPerChild?: number | string
  readonly maxAttempts?: number
  readonly backoff?: Backoff | string
  readonly timeout?: number | string
  readonly timeoutGrace?: number | string
  readonly poisonLimit?: number
  readonly shutdownTimeout?: number | string
  readonly maxArgs?: number | string
  readonly maxResult?: number | string
  readonly unknownJob?: 'fail' | 'wait'
  readonly retryJobsAtStart?: boolean
  readonly removeDoneJobs?: boolean
  readonly removeCancelledJobs?: boolean
  readonly removeFailedJobs?: boolean
  readonly keepAge?: number | string
  readonly keepCount?: number
  readonly outcomeGrace?: number | string
  readonly mergeJobItselfToArgs?: boolean
  readonly logJobProcessing?: boolean
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly logJson?: boolean
  /** Options of ioredis for the Redis store, such as `sentinels` or `cluster`; docs/redis.md. Not on the command line. */
  readonly redis?: RedisExtra
  readonly env?: Variables
  readonly envFile?: string | URL
  readonly import?: string | readonly string[]
}

export type AddressOption = Address | string | number | readonly [host: string, port: number]

/** Variables and their values (what is undefined is left out), or the names of variables that this process has. */
export type Variables = Readonly<Record<string, string | undefined>> | readonly string[] | string

export const NODE_OPTIONS: readonly OptionSpec[] = [
  { key: 'name', type: 'name', text: 'The name of the node, its own among all nodes of an app. Required.' },
  {
    key: 'jobs',
    type: 'path',
    default: 'reactor_jobs',
    text: 'Folder of the job files, with all folders below it.',
  },
  {
    key: 'store',
    type: 'enum',
    values: ['level', 'memory', 'redis'],
    default: 'level',
    text: 'Where jobs are kept.',
  },
  { key: 'dir', type: 'path', text: 'Folder of the level store. Default: data/ and the name of the node.' },
  {
    key: 'durability',
    type: 'enum',
    values: ['fsync', 'os'],
    default: 'fsync',
    text: 'What accepted jobs survive: fsync a power cut, os a killed process.',
  },
  {
    key: 'redisUrl',
    type: 'string',
    default: 'redis://127.0.0.1:6379',
    secret: true,
    text: 'Where the Redis store is; rediss:// for TLS. With a password, give it in the environment.',
  },
  {
    key: 'redisPrefix',
    type: 'string',
    default: 'job-reactor',
    text: 'Nodes with the same one share their jobs.',
  },
  {
    key: 'lease',
    type: 'duration',
    default: '10s',
    min: 300,
    text: 'How long a node may be away from Redis before others take over its jobs.',
  },
  {
    key: 'redisTimeout',
    type: 'duration',
    default: '30s',
    min: 100,
    text: 'How long a node waits for Redis before it ends.',
  },
  {
    key: 'redisWait',
    type: 'integer',
    default: 0,
    min: 0,
    text: 'Replicas that must have a job before it is accepted.',
  },
  {
    key: 'listen',
    type: 'address',
    text: 'Where distributors may connect: host:port, or the path of a Unix socket.',
  },
  { key: 'distributors', type: 'addresses', text: 'Distributors to connect to, separated by commas.' },
  {
    key: 'distribute',
    type: 'address',
    text: "Listen here as a distributor too, for jobs that this node's jobs enqueue.",
  },
  ...LINK_OPTIONS,
  {
    key: 'children',
    type: 'integer',
    default: 1,
    min: 0,
    text: 'Evented children: many jobs at once on each.',
  },
  {
    key: 'deferredChildren',
    type: 'integer',
    default: 1,
    min: 0,
    text: 'Deferred children: one job at a time on each.',
  },
  { key: 'concurrency', type: 'integer', default: 100, min: 1, text: 'Jobs at once on an evented child.' },
  {
    key: 'standbyChildren',
    type: 'integer',
    default: 1,
    min: 0,
    text: 'Spare children that take the place of a lost one.',
  },
  {
    key: 'maxJobsPerChild',
    type: 'integer',
    default: 0,
    min: 0,
    text: 'Replace a child after so many jobs; 0: never.',
  },
  {
    key: 'maxMemoryPerChild',
    type: 'size',
    default: 0,
    min: 0,
    text: 'Replace a child that holds more; 0: never.',
  },
  {
    key: 'env',
    type: 'variables',
    secret: true,
    text: 'Variables that job code may read, on top of a list of harmless ones.',
  },
  { key: 'envFile', type: 'path', text: 'File with more of them, NAME=value a line; env comes first.' },
  {
    key: 'import',
    type: 'modules',
    text: 'Modules that children import before the job files, such as tsx.',
  },
  {
    key: 'maxAttempts',
    type: 'integer',
    default: 10,
    min: 1,
    text: 'Attempts of a job, the first included.',
  },
  {
    key: 'backoff',
    type: 'backoff',
    default: 'linear:5',
    text: 'Wait before the next attempt: seconds, linear:DELAY[:MAX] or exponential:DELAY[:MAX].',
  },
  { key: 'timeout', type: 'duration', default: 0, text: 'The longest an attempt may take; 0: any time.' },
  {
    key: 'timeoutGrace',
    type: 'duration',
    default: '5s',
    text: 'Time to end after the signal, before the child is killed.',
  },
  {
    key: 'poisonLimit',
    type: 'integer',
    default: 3,
    min: 1,
    text: 'A job has failed when it has taken so many children with it.',
  },
  {
    key: 'shutdownTimeout',
    type: 'duration',
    default: '25s',
    text: 'How long a stop waits for running jobs.',
  },
  { key: 'maxArgs', type: 'size', default: '256KiB', min: 1024, text: 'The largest packed args of a job.' },
  {
    key: 'maxResult',
    type: 'size',
    default: '1MiB',
    min: 1024,
    text: 'The largest packed args with results.',
  },
  {
    key: 'unknownJob',
    type: 'enum',
    values: ['fail', 'wait'],
    default: 'fail',
    text: 'A job that no job file defines fails, or waits for a deploy.',
  },
  {
    key: 'retryJobsAtStart',
    type: 'boolean',
    default: true,
    text: 'Go on with the jobs that are in the store at start.',
  },
  { key: 'removeDoneJobs', type: 'boolean', default: true, text: 'Forget completed jobs.' },
  { key: 'removeCancelledJobs', type: 'boolean', default: true, text: 'Forget cancelled jobs.' },
  { key: 'removeFailedJobs', type: 'boolean', default: false, text: 'Forget failed jobs.' },
  {
    key: 'keepAge',
    type: 'duration',
    default: '7d',
    text: 'Ended jobs that are kept are forgotten after this; 0: never.',
  },
  {
    key: 'keepCount',
    type: 'integer',
    default: 10_000,
    min: 0,
    text: 'How many ended jobs of each state are kept.',
  },
  {
    key: 'outcomeGrace',
    type: 'duration',
    default: '5s',
    text: 'How long outcomes wait for the same life of an app before another may have them.',
  },
  {
    key: 'mergeJobItselfToArgs',
    type: 'boolean',
    default: false,
    text: 'Show the job its own facts as args.jobItself.',
  },
  { key: 'logJobProcessing', type: 'boolean', default: true, text: 'Log starts, ends and failures of jobs.' },
  {
    key: 'logLevel',
    type: 'enum',
    values: ['debug', 'info', 'warn', 'error', 'silent'],
    default: 'info',
    text: 'The least that is logged. Starts and good ends of jobs are debug.',
  },
  { key: 'logJson', type: 'boolean', text: 'Log JSON lines. Default: when the output is not a terminal.' },
]

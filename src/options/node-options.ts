import { LOG_LEVELS } from '../logger.js'
import { LEAST_PRIORITY, MOST_LINES, MOST_PRIORITY } from '../rules.js'
import type { Store } from '../store/contract.js'
import type { RedisExtra } from '../store/redis/client.js'
import {
  address,
  addresses,
  backoff,
  duration,
  flag,
  modules,
  name,
  oneOf,
  path,
  size,
  text,
  url,
  variables,
  whole,
} from './kinds.js'
import { LINK_OPTIONS } from './link-options.js'
import type { Given, Settled } from './option.js'

// The docstrings here are made of the texts: `npm run docs`.
const OWN = {
  /** The name of the node. Each node of an app has another one. Required. */
  name: name({ text: 'The name of the node. Each node of an app has another one. Required.' }),
  /** Folder of the job files. Folders inside it count. Default: `'reactor_jobs'`. */
  jobs: path({ default: 'reactor_jobs', text: 'Folder of the job files. Folders inside it count.' }),
  /** Where jobs are kept. Default: `'level'`. */
  store: oneOf(['level', 'memory', 'redis'], { default: 'level', text: 'Where jobs are kept.' }),
  /** Folder of the level store. Default: data/ and the name of the node. */
  dir: path({ text: 'Folder of the level store. Default: data/ and the name of the node.' }),
  /** What accepted jobs survive: fsync a power cut, os a killed process. Default: `'fsync'`. */
  durability: oneOf(['fsync', 'os'], {
    default: 'fsync',
    text: 'What accepted jobs survive: fsync a power cut, os a killed process.',
  }),
  /** Where the Redis store is; rediss:// for TLS. With a password, give it in the environment. Default: `'redis://127.0.0.1:6379'`. */
  redisUrl: url({
    default: 'redis://127.0.0.1:6379',
    text: 'Where the Redis store is; rediss:// for TLS. With a password, give it in the environment.',
  }),
  /** Nodes with the same prefix share their jobs. Default: `'job-reactor'`. */
  redisPrefix: text({ default: 'job-reactor', text: 'Nodes with the same prefix share their jobs.' }),
  /** How long a node may be away from Redis before others take over its jobs. Default: `'10s'`. */
  lease: duration({
    default: '10s',
    min: 300,
    text: 'How long a node may be away from Redis before others take over its jobs.',
  }),
  /** How long a node waits for Redis before it ends. Default: `'30s'`. */
  redisTimeout: duration({
    default: '30s',
    min: 100,
    text: 'How long a node waits for Redis before it ends.',
  }),
  /** Replicas that must have a job before it is accepted. Default: `0`. */
  redisWait: whole({ default: 0, min: 0, text: 'Replicas that must have a job before it is accepted.' }),
  /** Where distributors may connect: host:port, or the path of a Unix socket. */
  listen: address({ text: 'Where distributors may connect: host:port, or the path of a Unix socket.' }),
  /** Distributors to connect to, separated by commas. */
  distributors: addresses({ text: 'Distributors to connect to, separated by commas.' }),
  /** Listen here as a distributor too, for jobs that this node's jobs enqueue. */
  distribute: address({ text: "Listen here as a distributor too, for jobs that this node's jobs enqueue." }),
  /** Evented children: many jobs at once on each. Default: `1`. */
  children: whole({ default: 1, min: 0, text: 'Evented children: many jobs at once on each.' }),
  /** Deferred children: one job at a time on each. Default: `1`. */
  deferredChildren: whole({ default: 1, min: 0, text: 'Deferred children: one job at a time on each.' }),
  /** Jobs at once on an evented child. Default: `100`. */
  concurrency: whole({ default: 100, min: 1, text: 'Jobs at once on an evented child.' }),
  /** Spare children that take the place of a lost one. Default: `1`. */
  standbyChildren: whole({ default: 1, min: 0, text: 'Spare children that take the place of a lost one.' }),
  /** Replace a child after this many jobs; 0: never. Default: `0`. */
  maxJobsPerChild: whole({ default: 0, min: 0, text: 'Replace a child after this many jobs; 0: never.' }),
  /** Replace a child that uses more memory than this; 0: never. Default: `0`. */
  maxMemoryPerChild: size({
    default: 0,
    min: 0,
    text: 'Replace a child that uses more memory than this; 0: never.',
  }),
  /** Variables that job code may read, beside a list of harmless ones. */
  env: variables({ text: 'Variables that job code may read, beside a list of harmless ones.' }),
  /** File with more such variables, NAME=value on each line; for a variable in both, env counts. */
  envFile: path({
    text: 'File with more such variables, NAME=value on each line; for a variable in both, env counts.',
  }),
  /** Modules that children import before the job files, such as tsx. */
  import: modules({ text: 'Modules that children import before the job files, such as tsx.' }),
  /** Attempts of a job, the first included. Default: `10`. */
  maxAttempts: whole({ default: 10, min: 1, text: 'Attempts of a job, the first included.' }),
  /** Wait before the next attempt: seconds, linear:DELAY[:MAX] or exponential:DELAY[:MAX]. Default: `'linear:5'`. */
  backoff: backoff({
    default: 'linear:5',
    text: 'Wait before the next attempt: seconds, linear:DELAY[:MAX] or exponential:DELAY[:MAX].',
  }),
  /** How long an attempt may take; 0: no limit. Default: `0`. */
  timeout: duration({ default: 0, text: 'How long an attempt may take; 0: no limit.' }),
  /** How long a job may go on after its timeout before its child is killed. Default: `'5s'`. */
  timeoutGrace: duration({
    default: '5s',
    text: 'How long a job may go on after its timeout before its child is killed.',
  }),
  /** A job fails when this many children have died while it ran on them. Default: `3`. */
  poisonLimit: whole({
    default: 3,
    min: 1,
    text: 'A job fails when this many children have died while it ran on them.',
  }),
  /** Jobs with a lower number of priority go to other nodes. Default: `-2147483648`. */
  minPriority: whole({
    default: LEAST_PRIORITY,
    min: LEAST_PRIORITY,
    max: MOST_PRIORITY,
    text: 'Jobs with a lower number of priority go to other nodes.',
  }),
  /** Jobs with a higher number of priority go to other nodes. Default: `2147483647`. */
  maxPriority: whole({
    default: MOST_PRIORITY,
    min: LEAST_PRIORITY,
    max: MOST_PRIORITY,
    text: 'Jobs with a higher number of priority go to other nodes.',
  }),
  /** How long a stop waits for running jobs. Default: `'25s'`. */
  shutdownTimeout: duration({ default: '25s', text: 'How long a stop waits for running jobs.' }),
  /** The largest packed args of a job. Default: `'256KiB'`. */
  maxArgs: size({ default: '256KiB', min: 1024, text: 'The largest packed args of a job.' }),
  /** The largest packed args together with results. Default: `'1MiB'`. */
  maxResult: size({ default: '1MiB', min: 1024, text: 'The largest packed args together with results.' }),
  /** A job that no job file defines fails, or waits for a deploy. Default: `'fail'`. */
  unknownJob: oneOf(['fail', 'wait'], {
    default: 'fail',
    text: 'A job that no job file defines fails, or waits for a deploy.',
  }),
  /** Go on with the jobs that are in the store at start. Default: `true`. */
  retryJobsAtStart: flag({ default: true, text: 'Go on with the jobs that are in the store at start.' }),
  /** Forget completed jobs. Default: `true`. */
  removeDoneJobs: flag({ default: true, text: 'Forget completed jobs.' }),
  /** Forget cancelled jobs. Default: `true`. */
  removeCancelledJobs: flag({ default: true, text: 'Forget cancelled jobs.' }),
  /** Forget failed jobs. Default: `false`. */
  removeFailedJobs: flag({ default: false, text: 'Forget failed jobs.' }),
  /** Lines of its log that are kept with a job, of 1 KiB at most each; 0: none. Default: `100`. */
  keepLogs: whole({
    default: 100,
    min: 0,
    max: MOST_LINES,
    text: 'Lines of its log that are kept with a job, of 1 KiB at most each; 0: none.',
  }),
  /** Forget ended jobs this long after their end; 0: never. Default: `'7d'`. */
  keepAge: duration({ default: '7d', text: 'Forget ended jobs this long after their end; 0: never.' }),
  /** The most ended jobs of each state that are kept. Default: `10000`. */
  keepCount: whole({ default: 10_000, min: 0, text: 'The most ended jobs of each state that are kept.' }),
  /** How long outcomes wait for the same life of an app before another may have them. Default: `'5s'`. */
  outcomeGrace: duration({
    default: '5s',
    text: 'How long outcomes wait for the same life of an app before another may have them.',
  }),
  /** Show the job its own facts as args.jobItself. Default: `false`. */
  mergeJobItselfToArgs: flag({ default: false, text: 'Show the job its own facts as args.jobItself.' }),
  /** Log starts, ends and failures of jobs. Default: `true`. */
  logJobProcessing: flag({ default: true, text: 'Log starts, ends and failures of jobs.' }),
  /** The lowest level that is logged. Starts and successful ends of jobs are debug. Default: `'info'`. */
  logLevel: oneOf(LOG_LEVELS, {
    default: 'info',
    text: 'The lowest level that is logged. Starts and successful ends of jobs are debug.',
  }),
  /** Log JSON lines. Default: when the output is not a terminal. */
  logJson: flag({ text: 'Log JSON lines. Default: when the output is not a terminal.' }),
}

/** All options of a node. */
export const NODE_OPTIONS: typeof OWN & typeof LINK_OPTIONS = { ...OWN, ...LINK_OPTIONS }

type InText = Given<typeof NODE_OPTIONS>

/** How a node may be started. Durations are seconds or text such as `'5m'`; sizes bytes or text such as `'64MiB'`. */
export interface NodeOptions extends Omit<InText, 'store'> {
  /** Where jobs are kept. Or a store of your own, for `startNode`: not on the command line. Default: `'level'`. */
  readonly store?: Exclude<InText['store'], undefined> | Store
  /** Options of ioredis for the Redis store, such as `sentinels` or `cluster`; docs/redis.md. Not on the command line. */
  readonly redis?: RedisExtra
}

/** The options of a node as they are once all sources are looked at. */
export type NodeValues = Settled<typeof NODE_OPTIONS>

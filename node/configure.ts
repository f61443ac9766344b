import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { WITHHELD, withheldNames } from '../src/env.js'
import { JrError } from '../src/errors.js'
import type { Backoff } from '../src/job/retry-policy.js'
import type { TerminalState } from '../src/job/states.js'
import { FRAME_SLACK } from '../src/rules.js'
import { readSecret } from '../src/secret.js'
import type { RedisExtra } from '../src/store/redis/client.js'
import type { Address } from '../src/wire/address.js'
import { resolveImports } from './children/imports.js'
import type { Forward } from './local-jobs.js'
import type { NodeConfig } from './settings.js'

/** The settled options (of NODE_OPTIONS) in the form in which a node works with them. Throws JR_BAD_CONFIG. */
export function configure(
  values: Readonly<Record<string, unknown>>,
  extra: {
    readonly redis: RedisExtra
    readonly forward: Forward | null
  },
): NodeConfig {
  const v = values as unknown as Values
  if (v.name === undefined) {
    throw new JrError('JR_BAD_CONFIG', "a node needs a name (--name worker_1, JR_NAME, or option 'name')")
  }
  if (v.children + v.deferredChildren === 0) {
    const text = 'a node needs a child to run jobs: option children or deferredChildren must be 1 or more'
    throw new JrError('JR_BAD_CONFIG', text)
  }
  const most = Math.max(v.maxArgs, v.maxResult)
  if (v.maxFrame < most + FRAME_SLACK) {
    const what = v.maxArgs >= v.maxResult ? 'maxArgs' : 'maxResult'
    const text = `option maxFrame: expected at least ${most + FRAME_SLACK} bytes, for ${what} is ${most}; got ${v.maxFrame}`
    throw new JrError('JR_BAD_CONFIG', text)
  }
  const dir = v.dir ?? join('data', v.name.replace(/[^\w.-]/g, '_'))
  const jobs = resolve(v.jobs)
  const env = { ...readEnvFile(v.envFile), ...v.env }
  const removed = {
    completed: v.removeDoneJobs,
    cancelled: v.removeCancelledJobs,
    failed: v.removeFailedJobs,
  }
  return {
    name: v.name,
    jobs,
    store: v.store,
    dir: resolve(dir),
    durability: v.durability,
    redis: {
      url: v.redisUrl,
      prefix: v.redisPrefix,
      leaseMs: v.lease,
      timeoutMs: v.redisTimeout,
      wait: v.redisWait,
      extra: extra.redis,
    },
    listen: v.listen ?? null,
    distributors: v.distributors ?? [],
    secret: readSecret(v.secretFile),
    allowRemote: v.allowRemote,
    heartbeatMs: v.heartbeat,
    maxFrame: v.maxFrame,
    children: v.children,
    deferredChildren: v.deferredChildren,
    concurrency: v.concurrency,
    standbyChildren: v.standbyChildren,
    maxJobsPerChild: v.maxJobsPerChild,
    maxMemoryPerChild: v.maxMemoryPerChild,
    maxAttempts: v.maxAttempts,
    backoff: v.backoff,
    timeoutMs: v.timeout,
    timeoutGraceMs: v.timeoutGrace,
    poisonLimit: v.poisonLimit,
    shutdownTimeoutMs: v.shutdownTimeout,
    maxArgs: v.maxArgs,
    maxResult: v.maxResult,
    unknownJob: v.unknownJob,
    retryJobsAtStart: v.retryJobsAtStart,
    keepAgeMs: v.keepAge,
    keepCount: v.keepCount,
    outcomeGraceMs: v.outcomeGrace,
    mergeJobItselfToArgs: v.mergeJobItselfToArgs,
    logJobProcessing: v.logJobProcessing,
    keeps: (state: TerminalState) => !removed[state],
    env,
    withheld: withheld(env),
    imports: v.import === undefined ? [] : resolveImports(v.import, jobs),
    forward: extra.forward,
  }
}

/** What the table of options makes of them. */
interface Values {
  readonly name?: string
  readonly jobs: string
  readonly store: 'level' | 'memory' | 'redis'
  readonly dir?: string
  readonly durability: 'fsync' | 'os'
  readonly redisUrl: string
  readonly redisPrefix: string
  readonly lease: number
  readonly redisTimeout: number
  readonly redisWait: number
  readonly listen?: Address
  readonly distributors?: readonly Address[]
  readonly secretFile?: string
  readonly allowRemote: boolean
  readonly heartbeat: number
  readonly maxFrame: number
  readonly children: number
  readonly deferredChildren: number
  readonly concurrency: number
  readonly standbyChildren: number
  readonly maxJobsPerChild: number
  readonly maxMemoryPerChild: number
  readonly env?: Readonly<Record<string, string>>
  readonly envFile?: string
  readonly import?: readonly string[]
  readonly maxAttempts: number
  readonly backoff: Backoff
  readonly timeout: number
  readonly timeoutGrace: number
  readonly poisonLimit: number
  readonly shutdownTimeout: number
  readonly maxArgs: number
  readonly maxResult: number
  readonly unknownJob: 'fail' | 'wait'
  readonly retryJobsAtStart: boolean
  readonly removeDoneJobs: boolean
  readonly removeCancelledJobs: boolean
  readonly removeFailedJobs: boolean
  readonly keepAge: number
  readonly keepCount: number
  readonly outcomeGrace: number
  readonly mergeJobItselfToArgs: boolean
  readonly logJobProcessing: boolean
}

function withheld(env: Readonly<Record<string, string>>): string[] {
  const ofApp = process.env[WITHHELD]?.split(',') ?? []
  const names = new Set([...withheldNames(process.env, env), ...ofApp])
  return [...names].filter((name) => name !== '' && env[name] === undefined)
}

function readEnvFile(path: string | undefined): Record<string, string> {
  if (path === undefined) return {}
  try {
    const entries = Object.entries(parseEnv(readFileSync(path, 'utf8')))
    return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new JrError('JR_BAD_CONFIG', `option envFile: ${resolve(path)}: ${why}`, { cause })
  }
}

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { JrError } from '../src/errors.js'
import type { TerminalState } from '../src/job/states.js'
import { WITHHELD, withheldNames } from '../src/options/env.js'
import { NODE_OPTIONS, type NodeValues } from '../src/options/node-options.js'
import { readSecret } from '../src/options/secret.js'
import { shownOptions } from '../src/options/shown.js'
import { FRAME_SLACK } from '../src/rules.js'
import type { Store } from '../src/store/contract.js'
import type { RedisExtra } from '../src/store/redis/client.js'
import { messageOf } from '../src/thrown.js'
import { resolveImports } from './executors/children/imports.js'
import type { Forward } from './forward.js'
import type { NodeConfig } from './settings.js'

/** The settled options in the form in which a node works with them. Throws JR_BAD_CONFIG. */
export function configure(
  v: NodeValues,
  extra: {
    readonly redis: RedisExtra
    readonly forward: Forward | null
    /** A store of the user's own. One that nodes share: jobs come by way of that, too. */
    readonly store?: Store | null
    /** The source of each option. */
    readonly from?: Readonly<Record<string, string>>
  },
): NodeConfig {
  if (v.name === undefined) {
    throw new JrError('JR_BAD_CONFIG', "a node needs a name (--name worker_1, JR_NAME, or option 'name')")
  }
  if (v.children + v.deferredChildren === 0) {
    const text = 'a node needs a child to run jobs: option children or deferredChildren must be 1 or more'
    throw new JrError('JR_BAD_CONFIG', text)
  }
  const reachable = v.listen !== undefined || (v.distributors ?? []).length > 0
  if (!reachable && extra.store?.neighbours === undefined && v.store !== 'redis' && extra.forward === null) {
    const text =
      'nobody can reach this node: give it option distributors (the address of an app), or listen, or both; in the process of an app, `await JR.startDistributor()` before JR.startNode will do'
    throw new JrError('JR_BAD_CONFIG', text)
  }
  if (v.minPriority > v.maxPriority) {
    const text = `option minPriority: expected at most maxPriority, which is ${v.maxPriority}; got ${v.minPriority}`
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
    ...v,
    name: v.name,
    jobs,
    dir: resolve(dir),
    redis: {
      url: v.redisUrl,
      prefix: v.redisPrefix,
      leaseMs: v.leaseMs,
      timeoutMs: v.redisTimeoutMs,
      wait: v.redisWait,
      extra: extra.redis,
    },
    listen: v.listen ?? null,
    distributors: v.distributors ?? [],
    secret: readSecret(v.secretFile),
    keeps: (state: TerminalState) => !removed[state],
    env,
    withheld: withheld(env),
    imports: v.import === undefined ? [] : resolveImports(v.import, jobs),
    forward: extra.forward,
    options: shownOptions(NODE_OPTIONS, v, extra.from ?? {}),
    ownStore: (extra.store ?? null) !== null,
  }
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
    const why = messageOf(cause)
    throw new JrError('JR_BAD_CONFIG', `option envFile: ${resolve(path)}: ${why}`, { cause })
  }
}

import { type JobsMonitor, RedisMonitor } from '../distributor/index.js'
import { NODE_OPTIONS } from '../src/options/node-options.js'
import { connectedTo, nodeAddress, withApp } from './app-of.js'
import { type CommandLine, someNodeOptions } from './options.js'
import { printable } from './terminal.js'

/** Where `jr jobs` finds jobs: with a node that listens, or in the Redis that nodes share. */
export interface JobsOf {
  /** For people. */
  readonly name: string
  readonly jobs: JobsMonitor
  /** The nodes whose jobs are meant, one after the other. */
  nodes(): Promise<readonly string[]>
  /** Of a Redis: how its nodes stand. */
  readonly standing: RedisMonitor['nodes'] | null
}

const { redisUrl, redisPrefix, redisTimeout } = NODE_OPTIONS
const OF_REDIS = { redisUrl, redisPrefix, redisTimeout }

/** Whether the flags say that the jobs are looked for in Redis. */
export function inRedis(flags: CommandLine['flags']): boolean {
  return flags.redis === true || typeof flags['redis-url'] === 'string'
}

/** Runs what is given with the jobs that the flags name. */
export async function withJobsOf<T>(
  flags: CommandLine['flags'],
  work: (jobs: JobsOf) => Promise<T>,
): Promise<T> {
  if (inRedis(flags)) return work(jobsInRedis(flags))
  return withApp(nodeAddress(flags, ', or --redis, or --redis-url URL'), flags, 'jr jobs', (app) => {
    const nodes = connectedTo(app)
    const name = `${nodes.length === 1 ? 'node' : 'nodes'} ${nodes.map(printable).join(', ')}`
    return work({ name, jobs: app.monitor(), nodes: async () => nodes, standing: null })
  })
}

function jobsInRedis(flags: CommandLine['flags']): JobsOf {
  const { redis: _, node, ...rest } = flags
  const ofRedis = Object.entries(rest).filter(([name]) => name.startsWith('redis-') || name === 'config')
  const { redisUrl, redisPrefix, redisTimeoutMs } = someNodeOptions(
    OF_REDIS,
    Object.fromEntries(ofRedis),
    process.env,
  ).values
  const monitor = new RedisMonitor({
    redisUrl,
    redisPrefix,
    redisTimeout: `${redisTimeoutMs}ms`,
  })
  const only = typeof node === 'string' ? [node] : null
  return {
    name: 'Redis',
    jobs: monitor,
    nodes: async () => only ?? (await monitor.nodes()).map(({ name }) => name),
    standing: () => monitor.nodes(),
  }
}

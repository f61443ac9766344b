import { Distributor, type Monitor, RedisMonitor } from '../distributor/index.js'
import { systemClock, type Timer } from '../src/clock.js'
import { JrError } from '../src/errors.js'
import { NODE_OPTIONS } from '../src/options/node-options.js'
import { parseAddress } from '../src/wire/address.js'
import { type CommandLine, someNodeOptions } from './options.js'
import { printable } from './terminal.js'

/** Where `jr jobs` finds jobs: with a node that listens, or in the Redis that nodes share. */
export interface JobsOf {
  /** For people. */
  readonly name: string
  readonly jobs: Pick<Monitor, keyof Monitor>
  /** The nodes whose jobs are meant, one after the other. */
  nodes(): Promise<readonly string[]>
  /** Of a Redis: how its nodes stand. */
  readonly standing: RedisMonitor['nodes'] | null
}

const CONNECT_MS = 5000
const { redisUrl, redisPrefix, redisTimeout, secretFile } = NODE_OPTIONS
const OF_NODE = { secretFile }
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
  if (typeof flags.node !== 'string') {
    throw new TypeError('expected --node ADDR: where the node listens; or --redis, or --redis-url URL')
  }
  const address = parseAddress(flags.node, 'flag --node')
  const { secretFile } = someNodeOptions(OF_NODE, flags, process.env).values
  // A name that no app has: outcomes are kept for apps by their name.
  const app = new Distributor({
    name: 'jr jobs',
    nodes: [address],
    ...(secretFile === undefined ? {} : { secretFile }),
  })
  try {
    const node = await connect(app, flags.node)
    const name = `node ${printable(node)}`
    return await work({ name, jobs: app.monitor(), nodes: async () => [node], standing: null })
  } finally {
    await app.stop({ timeout: 0 })
  }
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

/** The name of the node. Rejects with JR_CONNECTION when none answers in time; why is in the log. */
async function connect(app: Distributor, address: string): Promise<string> {
  let timer: Timer | undefined
  const late = new Promise<never>((_, reject) => {
    timer = systemClock.setTimer(CONNECT_MS, () => {
      const text = `no node answered at ${address} within ${CONNECT_MS / 1000} s`
      reject(new JrError('JR_CONNECTION', text))
    })
  })
  try {
    await app.start()
    await Promise.race([app.ready, late])
  } finally {
    timer?.cancel()
  }
  return app.nodes()[0]?.name ?? ''
}

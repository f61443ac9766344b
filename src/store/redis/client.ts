import type {
  ClusterNode,
  ClusterOptions,
  Cluster as RedisCluster,
  Redis as RedisOne,
  RedisOptions,
} from 'ioredis'
import { JrError } from '../../errors.js'
import type { Script } from './scripts.js'

/** Options of ioredis, for what a URL cannot say: `sentinels` and `name`, `tls`, `natMap` and the like. */
export interface RedisExtra extends Omit<RedisOptions, 'replyMapping' | 'protocol'> {
  /** The nodes of a Redis Cluster from which the others are found; in place of `redisUrl`. */
  readonly cluster?: readonly ClusterNode[]
  /** Options of ioredis for a cluster as a whole. */
  readonly clusterOptions?: ClusterOptions
}

export type Argument = string | Buffer

/** One connection, as the store uses it. Every promise settles within the time-out. */
export interface Client {
  run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown>
  /** Then waits until so many replicas have it; answers how many do. */
  runAndWait(
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
    replicas: number,
    ms: number,
  ): Promise<{ answer: unknown; replicas: number }>
  call(command: string, ...args: Argument[]): Promise<unknown>
  /** From when this resolves: what is published on this channel. A connection that listens does nothing else. */
  listen(channel: string, hear: (message: Buffer) => void): Promise<void>
  /** Whether PUBLISH answers how many hear it: in a cluster it counts those of one server. */
  readonly countsHearers: boolean
  /** Drops the connection and makes another; asks a cluster anew who has what. */
  reconnect(): void
  /** What the connection last failed with; null when it has not. */
  readonly trouble: string | null
  close(): void
}

const LONGEST_COMMAND_MS = 5000
const LONGEST_RETRY_MS = 2000

/** Loads the client's package. Rejects with JR_BAD_CONFIG; the URL, which may hold a password, is in no message. */
export async function connect(url: string, extra: RedisExtra, timeoutMs: number): Promise<() => Client> {
  const { Cluster, Redis } = await import('ioredis')
  const { cluster, clusterOptions, ...rest } = extra
  const options = {
    protocol: 2 as const,
    connectTimeout: Math.min(timeoutMs, LONGEST_COMMAND_MS),
    commandTimeout: Math.min(timeoutMs, LONGEST_COMMAND_MS),
    // What was in flight when the connection broke is answered with an error at once: whether to send it again is
    // decided here, where it is known to be safe.
    maxRetriesPerRequest: 0,
    // A Redis that is still loading says so to each command, and is asked again.
    enableReadyCheck: false,
    retryStrategy: (times: number) => Math.min(20 * 2 ** Math.min(times, 10), LONGEST_RETRY_MS),
    sentinelRetryStrategy: (times: number) => Math.min(100 * times, LONGEST_RETRY_MS),
    ...rest,
    lazyConnect: true,
    // Its own way leaves nobody to hear of a failure.
    autoResubscribe: false,
  }
  const make = (): RedisOne | RedisCluster => {
    if (cluster !== undefined) {
      return new Cluster([...cluster], { ...clusterOptions, lazyConnect: true, redisOptions: options })
    }
    return rest.sentinels || rest.host || rest.path ? new Redis(options) : new Redis(url, options)
  }
  checkUrl(url)
  return () => new ClientOf(make())
}

function checkUrl(url: string): void {
  if (url.startsWith('/')) return
  try {
    const { protocol } = new URL(url)
    if (protocol === 'redis:' || protocol === 'rediss:') return
  } catch {
    // Its message quotes the URL.
  }
  const form = 'redis://[user:password@]host:port[/db], rediss:// for TLS, or the path of a Unix socket'
  throw new JrError('JR_BAD_CONFIG', `redisUrl: expected ${form}`)
}

class ClientOf implements Client {
  readonly #redis: RedisOne | RedisCluster
  #trouble: string | null = null
  #closed = false

  constructor(redis: RedisOne | RedisCluster) {
    this.#redis = redis
    redis.on('error', (error: Error) => {
      this.#trouble = error.message
    })
    redis.on('ready', () => {
      this.#trouble = null
    })
  }

  get countsHearers(): boolean {
    return !('slots' in this.#redis)
  }

  get trouble(): string | null {
    return this.#trouble
  }

  async run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const rest = [keys.length, ...keys, ...args]
    try {
      return await this.#redis.callBuffer('EVALSHA', script.sha, ...rest)
    } catch (error) {
      if (!isUnknownScript(error)) throw error
      return this.#redis.callBuffer('EVAL', script.text, ...rest)
    }
  }

  async runAndWait(
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
    replicas: number,
    ms: number,
  ): Promise<{ answer: unknown; replicas: number }> {
    const send = (command: string, body: string) =>
      this.#redis
        .pipeline()
        .callBuffer(command, body, keys.length, ...keys, ...args)
        .call('WAIT', replicas, ms)
        .exec()
    let results = await send('EVALSHA', script.sha)
    if (isUnknownScript(results?.[0]?.[0])) results = await send('EVAL', script.text)
    const [ran, waited] = results ?? []
    if (ran?.[0]) throw ran[0]
    if (waited?.[0]) throw waited[0]
    return { answer: ran?.[1], replicas: Number(waited?.[1]) }
  }

  call(command: string, ...args: Argument[]): Promise<unknown> {
    return this.#redis.callBuffer(command, ...args)
  }

  async listen(channel: string, hear: (message: Buffer) => void): Promise<void> {
    const subscribe = () => this.#redis.subscribe(channel)
    this.#redis.removeAllListeners('messageBuffer')
    this.#redis.on('messageBuffer', (_channel: Buffer, message: Buffer) => hear(message))
    await subscribe()
    // From then on each new connection begins by listening. A refusal stays until there is another connection.
    this.#redis.on('ready', () => {
      subscribe().catch((error: Error) => {
        this.#trouble = error.message
        if (/timed out/.test(error.message)) this.reconnect()
      })
    })
  }

  reconnect(): void {
    if (this.#closed) return
    // A cluster's client finds its way by itself, but for what is sent together with a WAIT.
    if ('refreshSlotsCache' in this.#redis) this.#redis.refreshSlotsCache()
    else this.#redis.disconnect(true)
  }

  close(): void {
    this.#closed = true
    this.#redis.disconnect()
  }
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT')
}

import { createLogger, type Facts, type Logger, silentLogger } from '../src/logger.js'
import { NODE_OPTIONS, type NodeOptions, type NodeValues } from '../src/options/node-options.js'
import { given, resolveOptions } from '../src/options/resolve.js'
import type { Store } from '../src/store/contract.js'
import { levelStore } from '../src/store/level/store.js'
import { memoryStore } from '../src/store/memory.js'
import type { RedisExtra } from '../src/store/redis/client.js'
import { redisStore } from '../src/store/redis/store.js'
import { type Surroundings, SYSTEM } from '../src/surroundings.js'
import type { Address } from '../src/wire/address.js'
import { configure } from './configure.js'
import type { NodeEvents } from './events.js'
import type { Forward } from './forward.js'
import { type Ended, JobNode } from './node.js'
import { ownStore } from './opening/own-store.js'
import type { Rehearsal } from './opening/rehearsal.js'
import type { NodeConfig } from './settings.js'

export type { NodeOptions } from '../src/options/node-options.js'
export type { Address } from '../src/wire/address.js'
export type { NodeEvents } from './events.js'
export type { Ended } from './node.js'

/** A node that runs in this process. */
export interface NodeHandle extends AsyncDisposable {
  readonly name: string
  /** Where it listens; null when it only dials. */
  readonly address: Address | null
  /**
   * Stops claiming jobs, waits up to `timeoutMs` (default: option `shutdownTimeout`) for those that run, gives back the
   * rest without spending an attempt, and closes. What waits stays in the store. Tolerates repeats.
   */
  stop(options?: { readonly timeoutMs?: number }): Promise<void>
  /** Takes jobs and starts none, until `resume` or the end of this process. `JR.pause` is kept in the store. */
  pause(): void
  /** Ends what `pause` has begun. A pause that is kept in the store goes on. */
  resume(): void
  /** Kills the children and carries on; what ran on them is retried. */
  killChildren(): void
  /** Another number of evented or deferred children. */
  resize(children: { readonly evented?: number; readonly deferred?: number }): void
  on<Name extends keyof NodeEvents>(event: Name, listener: (event: NodeEvents[Name]) => void): void
  off<Name extends keyof NodeEvents>(event: Name, listener: (event: NodeEvents[Name]) => void): void
  /** Resolves when the node has ended, also by itself: after the store has failed, for one. Never rejects. */
  readonly stopped: Promise<Ended>
}

/** What a node may be given that is no text: by whoever starts it in code. */
export interface NodeExtras {
  readonly redis?: RedisExtra
  readonly forward?: Forward | null
  readonly store?: Store | null
  /** The source of each option, for people. */
  readonly from?: Readonly<Record<string, string>>
}

/**
 * Starts a node in this process. Job code does not run here but in child processes. Resolves when it takes jobs.
 * A store of your own, given as `store`, is opened by the node and closed when it ends. Rejects with JR_BAD_CONFIG,
 * JR_STORE_LOCKED, JR_STORE_CORRUPT, JR_STORE, JR_CHILD_START or JR_ADDRESS; with a TypeError when `store` is none.
 */
export async function startNode(options: NodeOptions): Promise<NodeHandle> {
  const { values, extras } = settled(options)
  return startSettled(values, extras)
}

/** What the options say, each checked. Throws as `startNode` rejects. */
export function settled(options: NodeOptions): { readonly values: NodeValues; readonly extras: NodeExtras } {
  const { redis = {}, store: wanted, ...rest } = options
  const own = typeof wanted === 'object' && wanted !== null ? ownStore(wanted) : null
  const { values, from } = resolveOptions(NODE_OPTIONS, [
    given(own === null ? { ...rest, store: wanted } : rest),
  ])
  return { values, extras: { redis, store: own, from } }
}

/** `startNode`, for whoever has looked at all sources of options. */
export async function startSettled(values: NodeValues, extras: NodeExtras = {}): Promise<NodeHandle> {
  const config = configured(values, extras)
  const log = nodeLogger(config)
  const store = extras.store ?? storeOf(config, SYSTEM)
  const node = new JobNode(config, { store, log, ...SYSTEM })
  await node.start()
  const stop = (how: { readonly timeoutMs?: number } = {}) => node.stop(how.timeoutMs)
  return {
    name: config.name,
    address: node.address,
    stop,
    pause: () => node.pause(),
    resume: () => node.resume(),
    killChildren: () => node.killChildren(),
    resize: (children) => node.resize(children),
    on: (event, listener) => node.events.on(event, listener),
    off: (event, listener) => node.events.off(event, listener),
    stopped: node.stopped,
    [Symbol.asyncDispose]: () => stop(),
  }
}

/**
 * Whether `startSettled` would succeed: tries each part of the node, and leaves all as it was. `onNote`: what the store has to
 * say. Throws JR_BAD_CONFIG, as `startSettled` does.
 */
export async function rehearseSettled(
  values: NodeValues,
  extras: NodeExtras,
  onNote: (note: string) => void,
): Promise<Rehearsal & Pick<NodeConfig, 'dir' | 'jobs'>> {
  // One child will do to load the job files.
  const config = { ...configured(values, extras), children: 1, deferredChildren: 0, standbyChildren: 0 }
  const warn = (event: string, facts: Facts = {}) => event === 'store:note' && onNote(String(facts.note))
  const node = new JobNode(config, {
    store: storeOf(config, SYSTEM),
    log: { ...silentLogger, warn },
    ...SYSTEM,
  })
  const { dir, jobs } = config
  return { dir, jobs, ...(await node.rehearse()) }
}

function configured(values: NodeValues, { redis = {}, forward = null, ...extras }: NodeExtras): NodeConfig {
  return configure(values, { redis, forward, ...extras })
}

export function nodeLogger({
  name,
  logLevel,
  logJson,
}: Pick<NodeValues, 'name' | 'logLevel' | 'logJson'>): Logger {
  const json = logJson === undefined ? {} : { json: logJson }
  return createLogger({ level: logLevel, ...json, facts: { node: name }, clock: SYSTEM.clock })
}

function storeOf({ store, dir, durability, redis }: NodeConfig, surroundings: Surroundings): Store {
  switch (store) {
    case 'level':
      return levelStore({ dir, durability }, surroundings)
    case 'redis':
      return redisStore(redis, surroundings)
    case 'memory':
      return memoryStore(surroundings)
  }
}

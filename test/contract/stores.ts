import { basename } from 'node:path'
import { memoryStore, redisStore, type Store, type StoreUnderTest } from '#dist/src/store/index.js'
import { levelStoreWith } from '#dist/src/store/level/store.js'
import { YOUNG_LIMITS, type YoungLimits } from '#dist/src/store/level/young.js'

// Plain JavaScript, as a user would have it.
const example: string = '../../examples/09-own-store/file-store.mjs'
const { fileStore } = (await import(example)) as { fileStore(dir: string): Store }

/** What is young, and what has rows of its own, must look the same from outside. */
const level = (limits: Partial<YoungLimits>) => (dir: string) => {
  const reopen = () => levelStoreWith({ dir }, { ...YOUNG_LIMITS, ...limits })
  return { store: reopen(), reopen }
}

/** One Redis for all of them, each with a prefix of its own. */
const redis = (url: string) => (dir: string) => {
  const shared = { url, leaseMs: 10_000, timeoutMs: 10_000, wait: 0 }
  const reopen = () => redisStore({ ...shared, prefix: basename(dir) })
  return { store: reopen(), reopen }
}

export type Stores = Readonly<Record<string, (dir: string) => StoreUnderTest | Promise<StoreUnderTest>>>

/**
 * Every store that must keep the contract, each time anew: in an empty folder, whose name is nobody else's. Without
 * Redis where there is no redis-server.
 */
export function storesWith(redisUrl: string | null): Stores {
  return {
    memory: () => {
      const store = memoryStore()
      return { store, reopen: () => store }
    },
    level: level({}),
    'level, nothing young': level({ jobs: 0, outcomes: 0 }),
    'level, not young for long': level({ jobs: 3, outcomes: 3, bytes: 600, segment: 400 }),
    ...(redisUrl === null ? {} : { redis: redis(redisUrl) }),
    'own (the example)': (dir) => ({ store: fileStore(dir), reopen: () => fileStore(dir) }),
  }
}

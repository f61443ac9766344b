import type { Store } from '../../src/store/contract.js'

const METHODS = [
  'open',
  'commit',
  'waiting',
  'load',
  'list',
  'outcomes',
  'taken',
  'counts',
  'prune',
  'close',
] as const satisfies readonly (keyof Store)[]

/** The store that a user has given to a node. Throws a TypeError that names what it lacks. */
export function ownStore(store: Store): Store {
  const missing = METHODS.filter((name) => typeof store[name] !== 'function')
  if (missing.length === 0) return store
  throw new TypeError(
    `option store: expected a Store (job-reactor/store); it has no ${missing.map((name) => `${name}()`).join(', ')}`,
  )
}

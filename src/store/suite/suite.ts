import { ATTEMPTS } from './attempts.js'
import { ENDED } from './ended.js'
import type { StoreUnderTest } from './fixtures.js'
import { FLOWS } from './flows.js'
import { JOBS } from './jobs.js'
import { LIFE } from './life.js'
import { LISTS } from './lists.js'
import { NOTES } from './notes.js'
import { ORDER } from './order.js'
import { OUTCOMES } from './outcomes.js'
import { TAKEN } from './taken.js'
import { TOGETHER } from './together.js'

/** One promise of the contract. */
export interface ContractCase {
  readonly name: string
  /** Makes a store, opens and closes it. Rejects, with an AssertionError that says what came, for a broken promise. */
  run(make: () => Promise<StoreUnderTest>): Promise<void>
}

const CASES = {
  ...JOBS,
  ...ORDER,
  ...ATTEMPTS,
  ...OUTCOMES,
  ...ENDED,
  ...LISTS,
  ...NOTES,
  ...TAKEN,
  ...TOGETHER,
  ...FLOWS,
  ...LIFE,
}

/**
 * Every promise of the contract as a test. With any runner, and a new folder for each case:
 *
 * ```ts
 * for (const { name, run } of storeContract) {
 *   test(name, () => {
 *     const dir = mkdtempSync(join(tmpdir(), 'my-store-'))
 *     return run(async () => ({ store: myStore(dir), reopen: () => myStore(dir) }))
 *   })
 * }
 * ```
 */
export const storeContract: readonly ContractCase[] = Object.entries(CASES).map(([name, run]) => ({
  name,
  run,
}))

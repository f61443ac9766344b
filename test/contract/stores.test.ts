import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { memoryStore, type Store, storeContract } from '#dist/src/store/index.js'
import { levelStoreWith } from '#dist/src/store/level/store.js'
import { YOUNG_LIMITS } from '#dist/src/store/level/young.js'

/** The same folder with other limits: what is young, and what has rows of its own, must look the same from outside. */
const LEVEL = {
  level: YOUNG_LIMITS,
  'level, nothing young': { ...YOUNG_LIMITS, jobs: 0, outcomes: 0 },
  'level, not young for long': { ...YOUNG_LIMITS, jobs: 3, outcomes: 3, groups: 2 },
}

for (const { name, run } of storeContract) {
  t.test(`memory: ${name}`, () => run(async () => ({ store: memoryStore(), reopen: null })))

  for (const [store, limits] of Object.entries(LEVEL)) {
    t.test(`${store}: ${name}`, async (t) => {
      const dir = mkdtempSync(join(tmpdir(), 'jr-contract-'))
      t.teardown(() => rmSync(dir, { recursive: true, force: true }))
      const open = (): Store => levelStoreWith({ dir }, limits)
      await run(async () => ({ store: open(), reopen: open }))
    })
  }
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { levelStore, memoryStore, storeContract } from '#dist/src/store/index.js'

for (const { name, run } of storeContract) {
  t.test(`memory: ${name}`, () => run(async () => ({ store: memoryStore(), reopen: null })))

  t.test(`level: ${name}`, async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'jr-contract-'))
    t.teardown(() => rmSync(dir, { recursive: true, force: true }))
    await run(async () => ({ store: levelStore({ dir }), reopen: () => levelStore({ dir }) }))
  })
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { storeContract } from '#dist/src/store/index.js'
import { startRedis, withoutRedis } from '../store-redis/redis-server.js'
import { storesWith } from './stores.js'

const noRedis = withoutRedis()
const server = noRedis === false ? await startRedis(t) : null
if (noRedis !== false) t.skip(noRedis, async () => {})

for (const [kind, make] of Object.entries(storesWith(server?.url ?? null))) {
  for (const { name, run } of storeContract) {
    t.test(`${kind}: ${name}`, async (t) => {
      const dir = mkdtempSync(join(tmpdir(), 'jr-contract-'))
      t.teardown(() => rmSync(dir, { recursive: true, force: true }))
      await run(async () => make(dir))
    })
  }
}

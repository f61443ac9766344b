// The test files that run. Those that go through the same in ever other ways, with a seed, take turns by the day (UTC), so that a run stays
// under a quarter of an hour on two cores. JR_TEST_ALL=1: all of them. `tap $(node test/turn.mjs)`
import { readdirSync } from 'node:fs'

const TAKE_TURNS = [
  ['test/power/store.test.ts', 'test/power/node.test.ts'],
  ['test/power/early-results.test.ts', 'test/power/spool.test.ts'],
  ['test/damage/repair.test.ts', 'test/contract/model.test.ts'],
  ['test/store-redis/lost-nodes.test.ts', 'test/store-redis/killed-nodes.test.ts'],
  ['test/store-redis/failover.test.ts', 'test/store-redis/lost-again.test.ts'],
  ['test/system/stopped-reader.test.ts', 'test/system/slow-reader.test.ts'],
  ['test/system/families.test.ts', 'test/system/flow-kills.test.ts'],
  ['test/examples/own-store.test.ts', 'test/node/tags.test.ts'],
]
const DAY_MS = 86_400_000

const turn = Math.floor(Date.now() / DAY_MS) % 2
const left = process.env.JR_TEST_ALL === undefined ? TAKE_TURNS.map((pair) => pair[turn]) : []
const all = readdirSync('test', { recursive: true })
  .map((file) => `test/${file}`)
  .filter((file) => file.endsWith('.test.ts'))
for (const file of TAKE_TURNS.flat()) if (!all.includes(file)) throw new Error(`${file} is not there`)
if (left.length > 0)
  process.stderr.write(
    `NOT RUN TODAY, each is another day's (JR_TEST_ALL=1 runs all):\n  ${left.join('\n  ')}\n`,
  )
process.stdout.write(
  `${all
    .filter((file) => !left.includes(file))
    .sort()
    .join('\n')}\n`,
)

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
  ['test/examples/express.test.ts', 'test/cli/demo.test.ts'],
  ['test/store-redis/faults.test.ts', 'test/store-redis/monitor-faults.test.ts'],
  ['test/store-redis/cli.test.ts', 'test/store-redis/monitor.test.ts'],
]
/** These take the longest: they begin first, so that none of them is left over at the end, alone. */
const FIRST = [
  'test/docs/snippets.test.ts',
  'test/cli/cli.test.ts',
  'test/web/browser.test.ts',
  'test/system/nodes.test.ts',
  'test/system/monitor.test.ts',
  'test/store-redis/monitor.test.ts',
  'test/cli/running.test.ts',
  'test/examples/examples.test.ts',
  'test/docs/deployment.test.ts',
]
const DAY_MS = 86_400_000

const turn = Math.floor(Date.now() / DAY_MS) % 2
const left = process.env.JR_TEST_ALL === undefined ? TAKE_TURNS.map((pair) => pair[turn]) : []
const all = readdirSync('test', { recursive: true })
  .map((file) => `test/${file}`)
  .filter((file) => file.endsWith('.test.ts'))
for (const file of [...TAKE_TURNS.flat(), ...FIRST])
  if (!all.includes(file)) throw new Error(`${file} is not there`)
if (left.length > 0)
  process.stderr.write(
    `NOT RUN TODAY, each is another day's (JR_TEST_ALL=1 runs all):\n  ${left.join('\n  ')}\n`,
  )

function rank(file) {
  const at = FIRST.indexOf(file)
  return at < 0 ? FIRST.length : at
}

process.stdout.write(
  `${all
    .filter((file) => !left.includes(file))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .join('\n')}\n`,
)

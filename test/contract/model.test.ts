import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { startRedis, withoutRedis } from '../store-redis/redis-server.js'
import { kindsOf, runSeries, type Series, type SeriesResult } from './series.js'
import { storesWith } from './stores.js'

const RUNS = Number(process.env.JR_TEST_RUNS ?? 90)
const SEED = Number(process.env.JR_TEST_SEED ?? Date.now() % 1_000_000)
/** With a number of its own it takes what that takes; else it ends, with what it has found, before tap ends it. */
const LIMIT_MS = process.env.JR_TEST_RUNS === undefined ? 400_000 : 0
/**
 * A run mostly waits for files to be opened and closed, so some go side by side: each a series with a seed of its own,
 * and the only one when that is given. Half of them are in a thread of their own.
 */
const SERIES = process.env.JR_TEST_SEED === undefined ? 6 : 1
/** What survives here is tested elsewhere: a disk of memory will do. */
const BASE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

async function inThread(series: readonly Series[]): Promise<SeriesResult[]> {
  if (series.length === 0) return []
  const thread = new Worker(new URL('./series-thread.ts', import.meta.url), { workerData: series })
  const [results] = await once(thread, 'message')
  return results as SeriesResult[]
}

const noRedis = withoutRedis()
const server = noRedis === false ? await startRedis(t) : null
if (noRedis !== false) t.skip(noRedis, async () => {})
const redisUrl = server?.url ?? null

t.test(`${kindsOf(storesWith(redisUrl)).join('; ')} answer as the model does (seed ${SEED})`, async (t) => {
  t.setTimeout(440_000 + RUNS * 200)
  const dir = mkdtempSync(join(BASE, 'jr-model-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const all = Array.from({ length: SERIES }, (_, i) => {
    return { seed: SEED + i, runs: Math.ceil(RUNS / SERIES), dir, redisUrl, limitMs: LIMIT_MS }
  })
  const half = Math.ceil(SERIES / 2)
  const [here, there] = await Promise.all([
    Promise.all(all.slice(0, half).map(runSeries)),
    inThread(all.slice(half)),
  ])
  const results = [...here, ...there]
  for (const { failure } of results) if (failure !== '') t.fail(failure)
  const total = (of: 'runs' | 'commands') => results.reduce((sum, one) => sum + one[of], 0)
  t.comment(`${total('runs')} runs (of ${RUNS}; JR_TEST_RUNS), ${total('commands')} commands`)
  t.ok(total('runs') >= RUNS, `${total('runs')} runs of ${RUNS}`)
})

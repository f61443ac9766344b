import t from 'tap'
import { Pruner } from '#dist/node/changes/pruner.js'
import type { NodeConfig } from '#dist/node/settings.js'
import { memoryStore } from '#dist/src/store/index.js'
import { begin, end, insert } from '#dist/src/store/suite/fixtures.js'
import { StoppedClock } from '../fixtures/stopped-clock.js'
import { record } from './records.js'

t.test('results are kept for their time, whatever is kept of other jobs', async (t) => {
  const store = memoryStore()
  await store.open('n1')
  const clock = new StoppedClock()
  const journal = { add: () => {}, flushed: async () => {} }
  const config = { keepAgeMs: 1, keepCount: 0 } as NodeConfig
  const pruner = new Pruner(store, journal, config, clock, (error) => t.fail(String(error)))
  const from = clock.now()
  for (const [seq, ms] of [10, 20, null].entries()) {
    const job = record({ id: `j${seq}`, seq: seq + 1 })
    const kept = { job, state: 'completed', startedAt: 1, finishedAt: from } as const
    const result = ms === null ? {} : { result: { until: from + ms, args: Buffer.from('result') } }
    await store.commit([insert(job), begin(job), end(job, true, null, { ...kept, ...result })], true)
  }
  const left = async () => (await store.list({ limit: 10 })).jobs.map(({ job }) => job.id)
  await pruner.prune()
  t.same(await left(), ['j0', 'j1'], 'the one that is kept as others are is gone')
  clock.time += 10
  await pruner.prune()
  t.same(await left(), ['j0', 'j1'], 'its last millisecond')
  clock.time += 1
  await pruner.prune()
  t.same(await left(), ['j1'])
})

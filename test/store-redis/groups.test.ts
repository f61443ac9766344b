import t, { type Test } from 'tap'
import type { JobRecord } from '#dist/src/job/record.js'
import type { Acknowledge, Change, Store } from '#dist/src/store/contract.js'
import { redisStore } from '#dist/src/store/index.js'
import { beginOf, endOf, insertOf, outcomeOf, recordOf } from './changes.js'
import { startRedis, withoutRedis } from './redis-server.js'

async function opened(t: Test): Promise<Store> {
  const { url } = await startRedis(t)
  const store = redisStore({ url, prefix: 'groups', leaseMs: 10_000, timeoutMs: 10_000, wait: 0 })
  await store.open('n1')
  t.teardown(() => store.close())
  return store
}

const acknowledgeOf = (...seqs: number[]): Acknowledge => ({ kind: 'acknowledge', distributor: 'app', seqs })

/** Insert, begin, end with an outcome of the number of the job. */
const whole = (job: JobRecord): Change[] => [insertOf(job), beginOf(job), endOf(job, outcomeOf(job, job.seq))]
const NOTHING = { waiting: 0, running: 0, completed: 0, failed: 0, cancelled: 0, outcomes: 0 }

const noRedis = withoutRedis()
if (noRedis !== false) t.skip(noRedis, async () => {})
else {
  t.test('a job that comes, begins and ends in one group', async (t) => {
    const store = await opened(t)
    const [one, other] = [recordOf(1), recordOf(2)]
    await store.commit([insertOf(one)], true)
    const answers = await store.commit([...whole(other), ...whole(one), ...whole(other)], true)
    const again = ['duplicate', 'stale', 'stale']
    t.same(
      answers,
      ['ok', 'ok', 'ok', 'duplicate', 'ok', 'ok', 'ok', 'ok', 'ok'],
      'each finds what is there by then',
    )
    t.same(await store.counts(), { ...NOTHING, outcomes: 2 })
    await store.commit([insertOf(other), beginOf(other)], true)
    t.same(await store.commit(whole({ ...other, seq: other.seq + 5 }), true), again)
    t.equal((await store.load(other.id))?.state, 'running')
  })

  t.test('what is acknowledged in the group that reports it is gone, and before it stays', async (t) => {
    const store = await opened(t)
    const [one, two] = [recordOf(1), recordOf(2)]
    await store.commit([...whole(one), acknowledgeOf(one.seq), acknowledgeOf(two.seq), ...whole(two)], true)
    t.same(
      (await store.outcomes('app', 0, 10, 1e9)).map(({ seq }) => seq),
      [two.seq],
    )
  })

  t.test('a group that is refused as a whole is done change by change, in front of the next', async (t) => {
    const store = await opened(t)
    const [there, first, second] = [recordOf(1), recordOf(2), recordOf(3)]
    await store.commit([insertOf(there, 1)], true)
    const answers = await Promise.all([
      store.commit([insertOf(first, 2), insertOf({ ...there, seq: there.seq + 9 }, 3), beginOf(first)], true),
      store.commit([...whole(second), endOf(first), beginOf(there)], true),
    ])
    t.same(answers, [
      ['ok', 'duplicate', 'ok'],
      ['ok', 'ok', 'ok', 'ok', 'ok'],
    ])
    t.same(await store.counts(), { ...NOTHING, running: 1, outcomes: 1 })
    t.equal(await store.taken('app', 'life'), 3)
  })

  t.test('more than one command can take', async (t) => {
    const store = await opened(t)
    const jobs = Array.from({ length: 9001 }, (_, n) => recordOf(n))
    const all = (answers: readonly unknown[]) => answers.every((answer) => answer === 'ok')
    const began = jobs.slice(0, 5000)
    t.ok(
      all(
        await store.commit(
          jobs.flatMap((job) => [insertOf(job), ...(began.includes(job) ? [beginOf(job)] : [])]),
          true,
        ),
      ),
    )
    t.ok(all(await store.commit(jobs.slice(5000).map(beginOf), true)))
    t.equal((await store.counts()).running, 9001)
    t.ok(
      all(
        await store.commit(
          jobs.map((job) => endOf(job, outcomeOf(job, job.seq))),
          true,
        ),
      ),
    )
    t.same(await store.counts(), { ...NOTHING, outcomes: 9001 })
    t.ok(all(await store.commit([acknowledgeOf(...jobs.map(({ seq }) => seq))], true)))
    t.same(await store.counts(), NOTHING)
  })
}

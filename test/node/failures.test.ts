import t from 'tap'
import { failuresOf as dated, sumOfFailures } from '#dist/distributor/monitor/failures.js'
import { Failures, failuresOf } from '#dist/node/status/failures.js'
import { KnownFailures } from '#dist/node/status/known-failures.js'
import type { Counts } from '#dist/src/store/contract.js'
import { folded } from '#dist/src/verbs/folding.js'
import { StoppedClock } from '../fixtures/stopped-clock.js'
import { record } from './records.js'

t.test('messages of like errors are the same', async (t) => {
  for (const [message, expected] of [
    ['', ''],
    ["order 4711 of 'ann' is gone", "order # of '…' is gone"],
    ['connect ECONNREFUSED 127.0.0.1:5432', 'connect ECONNREFUSED #'],
    ["it can't be, and it won't", "it can't be, and it won't"],
    ['no "a b" or `c`\nat line 2', 'no "…" or `…`'],
    ['user 3f2504e0-4f89-41d3-9a0c-0305e82c3301, job_77 at 12:30', 'user #, # at #'],
    ['\n  took 1.5s', 'took #'],
    ['größe5 übel', '# übel'],
  ] as const)
    t.equal(folded(message), expected)
  t.equal(folded('a '.repeat(1000)).length, 200)
  const hostile = `${"'".repeat(300)}${'a-'.repeat(100_000)}`
  t.ok(folded(hostile).length <= 200)
})

const failed = (id: string, finishedAt: number, message: string, name = 'work', code = '') => {
  const error = { name: 'Error', message, code, stack: '' }
  const attempt = { number: 1, node: 'n', child: 1, startedAt: 1, finishedAt, error }
  const job = record({ id, name })
  return {
    job: { ...job, course: { ...job.course, attempts: [attempt] } },
    state: 'failed' as const,
    startedAt: 1,
    finishedAt,
  }
}

t.test('failed jobs are grouped, the newest group first', async (t) => {
  const found = new Failures()
  const jobs = [
    failed('a', 20, 'no 1'),
    failed('b', 30, 'no 2'),
    failed('c', 10, 'no 3'),
    failed('d', 40, 'no 4', 'other'),
    failed('e', 5, 'no 5', 'work', 'E'),
  ]
  for (const one of jobs) found.add(one)
  const { groups, looked, more } = found.read(false)
  t.same([looked, more], [5, false])
  t.same(groups, [
    { name: 'other', code: '', message: 'no #', count: 1, first: 40, last: 40, example: 'd' },
    { name: 'work', code: '', message: 'no #', count: 3, first: 10, last: 30, example: 'b' },
    { name: 'work', code: 'E', message: 'no #', count: 1, first: 5, last: 5, example: 'e' },
  ])
  const sum = sumOfFailures([
    dated(found.read(false)),
    dated({
      groups: [{ ...(groups[1] as (typeof groups)[number]), count: 2, first: 1, last: 50, example: 'z' }],
      looked: 2,
      more: true,
    }),
  ])
  t.same([sum.looked, sum.more, sum.groups.length], [7, true, 3])
  t.match(sum.groups[0], { count: 5, first: new Date(1), last: new Date(50), example: 'z' })

  for (let i = 0; i < 300; i++) found.add(failed(`f${i}`, 100 + i, 'no', `name ${i}`))
  const many = found.read(false)
  t.same([many.groups.length, many.more, many.groups[0]?.name], [200, true, 'name 299'])
})

t.test('failed jobs are gone through again only if one has come or gone', async (t) => {
  const stored = [failed('a', 10, 'no'), failed('b', 20, 'no'), failed('c', 30, 'no', 'other')]
  let [failedSoFar, looked, broken] = [3, 0, false]
  const known = new KnownFailures({
    list: async ({ name }) => {
      looked++
      if (broken) throw new Error('the store is gone')
      return { jobs: stored.filter(({ job }) => name?.includes(job.name) ?? true), next: null }
    },
    store: { counts: async () => ({ failed: stored.length }) as Counts },
    failed: () => failedSoFar,
    clock: new StoppedClock(),
  })
  const counts = async (name?: string) => (await known.of(name)).groups.map(({ count }) => count)
  t.same(await Promise.all([counts(), counts(), counts('work')]), [[1, 2], [1, 2], [2]])
  t.equal(looked, 2, 'who asks at the same time waits for the same answer')
  stored.pop()
  t.same(await counts(), [2], 'one has gone')
  stored.shift()
  stored.push(failed('d', 40, 'no', 'third'))
  failedSoFar++
  t.same(await counts(), [1, 1], 'one has gone, and one has come')
  t.equal(looked, 4)
  failedSoFar++
  broken = true
  await t.rejects(counts(), { message: 'the store is gone' })
  broken = false
  t.same(await counts(), [1, 1], 'what went wrong is not kept')
  for (let i = 0; i < 30; i++) await counts(`name-${i}`)
  looked = 0
  await counts('name-29')
  t.equal(looked, 0)
  await counts('name-0')
  t.equal(looked, 1, 'so many names, and no more')
})

t.test('pages are read until so many were looked at, and others have their turns', async (t) => {
  const clock = new StoppedClock()
  const queries: unknown[] = []
  let turns = 0
  let on = true
  const turn = () => {
    turns++
    if (on) setImmediate(turn)
  }
  setImmediate(turn)
  const page = Array.from({ length: 100 }, (_, i) => failed(`a${i}`, i, 'no'))
  const found = await failuresOf(
    'work',
    async (query) => {
      queries.push(query)
      clock.time += 2
      return { jobs: page, next: `${queries.length}` }
    },
    { mono: () => clock.time++ },
  )
  on = false
  t.match(queries[0], { state: ['failed'], name: ['work'] })
  t.match(queries.at(-1), { after: '199' })
  t.same([found.looked, found.more, queries.length], [20_000, true, 200])
  t.ok(turns >= 200)
  const end = await failuresOf(undefined, async () => ({ jobs: page, next: null }), clock)
  t.same([end.looked, end.more], [100, false])
  await t.rejects(
    failuresOf(
      undefined,
      async ({ after }) => {
        if (after !== undefined) throw new Error('the store is gone')
        return { jobs: page, next: 'x' }
      },
      { mono: () => clock.time++ },
    ),
    { message: 'the store is gone' },
  )
})

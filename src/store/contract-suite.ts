import assert from 'node:assert/strict'
import { IMMEDIATE, type Lane, laneFor, TIMED, TIMED_DEFERRED } from '../job/lane.js'
import type { JobRecord, Outcome } from '../job/record.js'
import type { Begin, Change, End, Insert, LaneHead, Move, Store } from './contract.js'

/** What a case is given: an empty store that has not been opened, and a way to have it anew with what it has kept. */
export interface StoreUnderTest {
  readonly store: Store
  /** After `store` was closed: a store with the same data, not opened yet. Null for a store that keeps nothing. */
  readonly reopen: (() => Store) | null
}

/** One promise of the contract. */
export interface ContractCase {
  readonly name: string
  /** Makes a store, opens and closes it. Rejects, with an AssertionError that says what came, for a broken promise. */
  run(make: () => Promise<StoreUnderTest>): Promise<void>
}

const NODE = 'contract_node'
const MANY = 1_000_000_000

function record(over: Partial<JobRecord> = {}): JobRecord {
  return {
    lane: IMMEDIATE,
    due: 1000,
    seq: 1,
    id: 'a',
    edition: 0,
    name: 'work',
    distributor: 'app',
    instance: 'life',
    wanted: true,
    node: null,
    strictNode: false,
    notNode: ['other'],
    periodMs: 0,
    missed: 'once',
    maxAttempts: 3,
    backoff: { type: 'linear', delay: 5 },
    timeoutMs: null,
    enqueuedAt: 900,
    firstDue: 1000,
    slot: 0,
    attempt: 0,
    losses: 0,
    byWall: false,
    lastError: null,
    lastCode: '',
    lastStack: '',
    args: Buffer.from('args'),
    ...over,
  }
}

function outcome(over: Partial<Outcome> = {}): Outcome {
  return {
    seq: 100,
    distributor: 'app',
    instance: 'life',
    id: 'a',
    edition: 0,
    name: 'work',
    state: 'completed',
    slot: 0,
    more: false,
    node: NODE,
    attempt: 1,
    enqueuedAt: 900,
    startedAt: 1000,
    finishedAt: 1010,
    child: 42,
    args: Buffer.from('result'),
    error: Buffer.from('error'),
    ...over,
  }
}

const insert = (job: JobRecord, over: Partial<Insert> = {}): Insert => ({
  kind: 'insert',
  job,
  ownId: false,
  number: null,
  ...over,
})
const begin = (job: JobRecord, startedAt = 1000): Begin => ({ kind: 'begin', job, startedAt })
const move = (from: JobRecord, running: boolean, to: JobRecord, told: Outcome | null = null): Move => ({
  kind: 'move',
  from,
  running,
  to,
  outcome: told,
})
const end = (
  from: JobRecord,
  running: boolean,
  told: Outcome | null = null,
  keep: End['keep'] = null,
): End => ({ kind: 'end', from, running, outcome: told, keep })

async function using(
  make: () => Promise<StoreUnderTest>,
  body: (store: Store, made: StoreUnderTest) => Promise<void>,
): Promise<void> {
  const made = await make()
  await made.store.open(NODE)
  try {
    await body(made.store, made)
  } finally {
    await made.store.close()
  }
}

const commit = (store: Store, ...changes: Change[]) => store.commit(changes, true)
const waitingIds = async (store: Store, lane: Lane = IMMEDIATE) =>
  (await store.waiting(lane, null, MANY, MANY)).map(({ id }) => id)

const CASES: Record<string, (make: () => Promise<StoreUnderTest>) => Promise<void>> = {
  'a job is kept as it came': (make) =>
    using(make, async (store) => {
      const job = record({ args: Buffer.from([0, 255, 128]) })
      assert.deepEqual(await commit(store, insert(job)), ['ok'])
      assert.deepEqual(await store.waiting(IMMEDIATE, null, 10, MANY), [job])
      const stored = await store.load('a')
      assert.deepEqual(stored?.job, job)
      assert.equal(stored?.state, 'available')
      assert.equal(await store.load('b'), null)
    }),

  'what else is on a change is the affair of the node': (make) =>
    using(make, async (store) => {
      const job = record()
      const extra = { origin: { stored: () => {} }, report: outcome(), done: () => {} }
      const changes = [insert(job), begin(job), end(job, true)].map((change) => ({ ...change, ...extra }))
      assert.deepEqual(await commit(store, ...changes), ['ok', 'ok', 'ok'])
      assert.deepEqual(await store.outcomes('app', 0, 10, MANY), [])
    }),

  'lanes that have waiting jobs come in order, each with its first job': (make) =>
    using(make, async (store) => {
      assert.deepEqual(await store.lanes(null, 10), [])
      const keyed = (priority: number, key: string) =>
        laneFor({ timed: true, deferred: false, priority, key })
      const lanes = [
        keyed(-7, ''),
        TIMED,
        keyed(0, 'a'),
        keyed(0, 'ab'),
        keyed(3, 'a'),
        keyed(2 ** 31 - 1, 'z'),
        TIMED_DEFERRED,
      ]
      let seq = 0
      for (const lane of [...lanes].reverse()) {
        for (const due of [30, 10 + seq, 20])
          await commit(store, insert(record({ id: `j${++seq}`, lane, due, seq })))
      }
      const gone = record({ id: 'gone', lane: keyed(1, 'gone'), due: 5, seq: 100 })
      const runs = record({ id: 'runs', lane: keyed(1, 'runs'), due: 5, seq: 101 })
      const first = record({ id: 'first', lane: keyed(0, 'ab'), due: 1, seq: 102 })
      await commit(
        store,
        insert(gone),
        insert(runs),
        insert(first),
        begin(runs),
        begin(first),
        end(gone, false),
      )
      const expected = lanes.map((lane, i) => ({ lane, due: Math.min(20, 10 + (lanes.length - 1 - i) * 3) }))
      assert.deepEqual(await store.lanes(null, 100), expected)
      const paged = []
      for (let after: Lane | null = null; ; ) {
        const page: readonly LaneHead[] = await store.lanes(after, 2)
        if (page.length === 0) break
        assert.ok(page.length <= 2, 'no more than were asked for')
        paged.push(...page)
        after = page.at(-1)?.lane ?? null
      }
      assert.deepEqual(paged, expected)
    }),
  'jobs of a lane come in order of due and seq, from anywhere': (make) =>
    using(make, async (store) => {
      const places = [
        [5, 3],
        [5, 1],
        [40, 2],
        [7, 4],
        [1_000_000, 5],
      ] as const
      await commit(
        store,
        ...places.map(([due, seq]) => insert(record({ id: `j${seq}`, lane: TIMED, due, seq }))),
      )
      await commit(store, insert(record({ id: 'elsewhere', seq: 9 })))
      const all = await store.waiting(TIMED, null, 10, MANY)
      assert.deepEqual(
        all.map(({ id }) => id),
        ['j1', 'j3', 'j4', 'j2', 'j5'],
      )
      const after = await store.waiting(TIMED, all[1] ?? null, 2, MANY)
      assert.deepEqual(
        after.map(({ id }) => id),
        ['j4', 'j2'],
      )
      assert.equal((await store.waiting(TIMED, null, 10, 1)).length, 1, 'at least one, however large')
      assert.deepEqual(await waitingIds(store), ['elsewhere'])
    }),

  'an own id is one job as long as it waits or runs': (make) =>
    using(make, async (store) => {
      const job = record()
      const again = insert(record({ seq: 2 }), { ownId: true })
      assert.deepEqual(await commit(store, insert(job, { ownId: true }), again), ['ok', 'duplicate'])
      assert.deepEqual(await commit(store, again), ['duplicate'])
      await commit(store, begin(job))
      assert.deepEqual(await commit(store, again), ['duplicate'])
      await commit(store, end(job, true))
      assert.deepEqual(await commit(store, again), ['ok'])
    }),

  'a job that has ended and is kept makes way for a new one of its id; its outcome stays': (make) =>
    using(make, async (store) => {
      const first = record({ edition: 7 })
      const kept = { job: first, state: 'failed', startedAt: 1, finishedAt: 2 } as const
      const told = outcome({ edition: 7, state: 'failed' })
      await commit(store, insert(first, { ownId: true }), begin(first), end(first, true, told, kept))
      assert.equal((await store.counts()).failed, 1)
      const second = record({ edition: 8, seq: 2 })
      assert.deepEqual(await commit(store, insert(second, { ownId: true })), ['ok'])
      assert.deepEqual((await store.load('a'))?.job, second)
      assert.equal((await store.load('a'))?.state, 'available')
      const { failed, waiting, outcomes } = await store.counts()
      assert.deepEqual([failed, waiting, outcomes], [0, 1, 1])
      assert.deepEqual(await store.outcomes('app', 0, 10, MANY), [told])
      assert.deepEqual((await store.list({ state: 'failed', limit: 10 })).jobs, [])
      assert.equal(await store.prune('failed', MANY, 0), 0)
      assert.deepEqual(await commit(store, { kind: 'remove', id: 'a' }), ['stale'])
      assert.deepEqual(await waitingIds(store), ['a'])
      // All of it in one group.
      const third = record({ edition: 9, seq: 3 })
      const again = { ...kept, job: second }
      const changes = [begin(second), end(second, true, null, again), insert(third, { ownId: true })]
      assert.deepEqual(await commit(store, ...changes), ['ok', 'ok', 'ok'])
      assert.deepEqual((await store.load('a'))?.job, third)
      assert.equal((await store.counts()).failed, 0)
    }),

  'numbers taken are remembered for each life of each distributor, with duplicates': (make) =>
    using(make, async (store) => {
      assert.equal(await store.taken('app', 'life'), 0)
      await commit(store, insert(record(), { number: 7, ownId: true }))
      assert.equal(await store.taken('app', 'life'), 7)
      await commit(store, insert(record({ seq: 2 }), { number: 8, ownId: true }))
      assert.equal(await store.taken('app', 'life'), 8, 'a duplicate is taken too')
      await commit(store, insert(record({ id: 'b', seq: 3 }), { number: 5 }))
      assert.equal(await store.taken('app', 'life'), 8, 'never lowered')
      assert.equal(await store.taken('app', 'life 2'), 0)
      assert.equal(await store.taken('app\0life', ''), 0)
    }),

  'a running job does not wait, and does not begin again': (make) =>
    using(make, async (store) => {
      const job = record()
      await commit(store, insert(job))
      assert.deepEqual(await commit(store, begin(job)), ['ok'])
      assert.deepEqual(await waitingIds(store), [])
      assert.deepEqual(await commit(store, begin(job)), ['stale'])
      const stored = await store.load('a')
      assert.equal(stored?.state, 'running')
      assert.equal(stored?.job.attempt, 1)
    }),

  'what is gone, or never was, does not begin': async (make) => {
    const { store, reopen } = await make()
    await store.open(NODE)
    const [over, moved, never] = [record(), record({ id: 'b', seq: 2 }), record({ id: 'c', seq: 3 })]
    const to = record({ id: 'b', lane: TIMED, due: 5000, seq: 4 })
    await commit(store, insert(over), insert(moved), begin(over), begin(moved))
    await commit(store, end(over, true), move(moved, true, to))
    const begins = [over, moved, never].map((job) => begin(job))
    const stale = ['stale', 'stale', 'stale']
    assert.deepEqual(await commit(store, ...begins), stale)
    const { waiting, running } = await store.counts()
    assert.deepEqual([waiting, running], [1, 0])
    await store.close()
    if (reopen === null) return
    await using(
      async () => ({ store: reopen(), reopen }),
      async (again) => {
        assert.deepEqual(await commit(again, ...begins), stale)
        assert.deepEqual(await commit(again, begin(to)), ['ok'])
      },
    )
  },

  'a job moves: its old place is empty, its new one has it': (make) =>
    using(make, async (store) => {
      const job = record()
      const later = record({
        lane: TIMED,
        due: 5000,
        seq: 2,
        attempt: 1,
        lastError: 'no',
        lastCode: 'E_NO',
        lastStack: 'at a\nat b',
      })
      await commit(store, insert(job), begin(job))
      assert.deepEqual(await commit(store, move(job, true, later)), ['ok'])
      assert.deepEqual(await waitingIds(store), [])
      assert.deepEqual(await store.waiting(TIMED, null, 10, MANY), [later])
      assert.deepEqual(await commit(store, move(job, true, later)), ['stale'])
      assert.deepEqual(await commit(store, move(later, false, record({ lane: TIMED, due: 1, seq: 3 }))), [
        'ok',
      ])
      assert.deepEqual(await commit(store, move(later, false, job)), ['stale'])
    }),

  'a job that ends is gone, and its outcome is there, in one step': (make) =>
    using(make, async (store) => {
      const job = record()
      await commit(store, insert(job))
      await commit(store, begin(job), end(job, true, outcome()))
      assert.equal(await store.load('a'), null)
      assert.deepEqual(await store.outcomes('app', 0, 10, MANY), [outcome()])
      assert.deepEqual(await commit(store, end(job, true, outcome({ seq: 101 }))), ['stale'])
      assert.equal(
        (await store.outcomes('app', 0, 10, MANY)).length,
        1,
        'what is stale leaves nothing behind',
      )
    }),

  'a waiting job can be ended; then it does not begin': (make) =>
    using(make, async (store) => {
      const job = record()
      await commit(store, insert(job))
      assert.deepEqual(await commit(store, end(job, true)), ['stale'], 'it does not run')
      assert.deepEqual(await commit(store, end(job, false)), ['ok'])
      assert.deepEqual(await commit(store, begin(job)), ['stale'])
      assert.deepEqual(await commit(store, end(job, false)), ['stale'])
    }),

  'outcomes come by seq, from anywhere, until they are acknowledged': (make) =>
    using(make, async (store) => {
      for (let seq = 1; seq <= 5; seq++) {
        const job = record({ id: `j${seq}`, seq })
        await commit(store, insert(job), begin(job), end(job, true, outcome({ id: job.id, seq: seq * 10 })))
      }
      const seqs = async (after: number, limit: number, maxBytes = MANY) =>
        (await store.outcomes('app', after, limit, maxBytes)).map(({ seq }) => seq)
      assert.deepEqual(await seqs(0, 3), [10, 20, 30])
      assert.deepEqual(await seqs(0, 10, 1), [10], 'one in any case, and then no more than so many bytes')
      assert.deepEqual(await seqs(20, 10), [30, 40, 50])
      assert.deepEqual(await store.outcomes('ap', 0, 10, MANY), [])
      await commit(store, { kind: 'acknowledge', distributor: 'app', seqs: [10, 30] })
      await commit(store, { kind: 'acknowledge', distributor: 'app', seqs: [10] })
      await commit(store, { kind: 'acknowledge', distributor: 'other', seqs: [20] })
      assert.deepEqual(await seqs(0, 10), [20, 40, 50])
      assert.equal((await store.counts()).outcomes, 3, 'what is not there does not count')
    }),

  'a schedule goes on: outcome and next place in one step': (make) =>
    using(make, async (store) => {
      const job = record({ periodMs: 50 })
      const next = record({ periodMs: 50, lane: TIMED, due: 1050, seq: 2, slot: 1 })
      await commit(store, insert(job), begin(job))
      assert.deepEqual(await commit(store, move(job, true, next, outcome({ more: true }))), ['ok'])
      assert.equal((await store.outcomes('app', 0, 10, MANY))[0]?.more, true)
      assert.deepEqual(await store.waiting(TIMED, null, 10, MANY), [next])
    }),

  'ended jobs are kept, listed by state, and pruned by age and number': (make) =>
    using(make, async (store) => {
      for (let i = 1; i <= 6; i++) {
        const job = record({ id: `j${i}`, seq: i, name: i % 2 ? 'odd' : 'even' })
        const state = i <= 5 ? 'failed' : 'completed'
        await commit(
          store,
          insert(job),
          begin(job),
          end(job, true, null, { job, state, startedAt: i, finishedAt: i * 10 }),
        )
      }
      await commit(store, insert(record({ id: 'live', seq: 99 })))
      const ids = async (query: object) =>
        (await store.list({ limit: 100, ...query })).jobs.map(({ job }) => job.id).sort()
      assert.deepEqual(await ids({ state: 'failed' }), ['j1', 'j2', 'j3', 'j4', 'j5'])
      assert.deepEqual(await ids({ state: 'failed', name: 'odd' }), ['j1', 'j3', 'j5'])
      assert.deepEqual(await ids({}), ['j1', 'j2', 'j3', 'j4', 'j5', 'j6', 'live'])
      const counts = await store.counts()
      assert.deepEqual([counts.failed, counts.completed, counts.waiting], [5, 1, 1])
      assert.equal(await store.prune('failed', 20, 100), 1)
      assert.equal(await store.prune('failed', 0, 2), 2)
      assert.deepEqual(await ids({ state: 'failed' }), ['j4', 'j5'])
      assert.equal((await store.load('j4'))?.state, 'failed')
      assert.equal((await store.load('j4'))?.finishedAt, 40)
      assert.equal(await store.load('j1'), null)
    }),

  'a job may be kept and forgotten in one group': (make) =>
    using(make, async (store) => {
      const job = record()
      const kept = { job, state: 'failed', startedAt: 1, finishedAt: 2 } as const
      const forget: Change = { kind: 'remove', id: 'a' }
      await commit(store, insert(job), begin(job))
      assert.deepEqual(await commit(store, forget, end(job, true, null, kept), forget, forget), [
        'stale',
        'ok',
        'ok',
        'stale',
      ])
      assert.equal(await store.load('a'), null)
      assert.equal((await store.counts()).failed, 0)
    }),

  'what is pruned and forgotten at once is counted once': (make) =>
    using(make, async (store) => {
      const jobs = Array.from({ length: 40 }, (_, i) => record({ id: `j${i}`, seq: i + 1 }))
      for (const job of jobs) {
        const kept = { job, state: 'failed', startedAt: 1, finishedAt: 2 } as const
        await commit(store, insert(job), begin(job), end(job, true, null, kept))
      }
      const forget = jobs.map(({ id }): Change => ({ kind: 'remove', id }))
      const [pruned, answers] = await Promise.all([store.prune('failed', 3, MANY), commit(store, ...forget)])
      assert.equal(pruned + answers.filter((answer) => answer === 'ok').length, jobs.length)
      assert.equal((await store.counts()).failed, 0)
      assert.deepEqual((await store.list({ limit: 100 })).jobs, [])
    }),

  'a list comes in pages, each job once': (make) =>
    using(make, async (store) => {
      await commit(
        store,
        ...Array.from({ length: 25 }, (_, i) => insert(record({ id: `j${i}`, seq: i + 1 }))),
      )
      const seen: string[] = []
      let after: string | null = null
      do {
        const page: Awaited<ReturnType<Store['list']>> = await store.list({
          limit: 10,
          ...(after === null ? {} : { after }),
        })
        seen.push(...page.jobs.map(({ job }) => job.id))
        after = page.next
      } while (after !== null)
      assert.equal(seen.length, 25)
      assert.equal(new Set(seen).size, 25)
    }),

  'a page of a list carries no more than about 4 MiB': (make) =>
    using(make, async (store) => {
      const args = Buffer.alloc(1024 * 1024)
      for (let i = 0; i < 6; i++) await commit(store, insert(record({ id: `j${i}`, seq: i + 1, args })))
      const running = record({ id: 'runs', seq: 7, args })
      await commit(store, insert(running), begin(running))
      const pages: string[][] = []
      for (let after: string | undefined; ; ) {
        const page: Awaited<ReturnType<Store['list']>> = await store.list({ limit: 10, after })
        pages.push(page.jobs.map(({ job }) => job.id))
        if (page.next === null) break
        after = page.next
      }
      assert.ok(pages.every((ids) => ids.length <= 4))
      assert.deepEqual(pages.flat().sort(), ['j0', 'j1', 'j2', 'j3', 'j4', 'j5', 'runs'])
    }),

  'any text will do as id and name': (make) =>
    using(make, async (store) => {
      const texts = [
        'a',
        'a\0',
        'a\0b',
        'ab',
        '~',
        'quote\'"',
        'ž🐎',
        ' ',
        '\\',
        '%00',
        '__proto__',
        'x'.repeat(256),
      ]
      const jobs = texts.map((text, i) =>
        record({ id: text, name: text, distributor: text, instance: text, seq: i + 1 }),
      )
      await commit(store, ...jobs.map((job, i) => insert(job, { ownId: true, number: i + 1 })))
      for (const [i, job] of jobs.entries()) {
        assert.deepEqual((await store.load(job.id))?.job, job)
        assert.equal(await store.taken(job.distributor, job.instance), i + 1)
      }
      const ends = jobs.flatMap((job) => [
        begin(job),
        end(job, true, outcome({ id: job.id, distributor: job.distributor })),
      ])
      await commit(store, ...ends)
      for (const job of jobs) assert.equal((await store.outcomes(job.distributor, 0, 10, MANY)).length, 1)
    }),

  'large args, and many changes at once': (make) =>
    using(make, async (store) => {
      const args = Buffer.alloc(1024 * 1024, 'x')
      await commit(store, insert(record({ id: 'large', args })))
      assert.ok((await store.load('large'))?.job.args.equals(args))
      const jobs = Array.from({ length: 10_000 }, (_, i) => record({ id: `j${i}`, seq: i + 2 }))
      await commit(store, ...jobs.map((job) => insert(job)))
      assert.equal((await store.waiting(IMMEDIATE, null, MANY, MANY)).length, 10_001)
      await commit(store, ...jobs.flatMap((job) => [begin(job), end(job, true)]))
      assert.deepEqual(await waitingIds(store), ['large'])
      assert.equal((await store.counts()).waiting, 1)
    }),

  'a store that is not open refuses': async (make) => {
    const { store } = await make()
    await assert.rejects(async () => store.load('a'), { code: 'JR_STORE_CLOSED' })
    await store.open(NODE)
    await assert.rejects(async () => store.open(NODE))
    await store.close()
    await store.close()
    await assert.rejects(async () => store.commit([insert(record())], true), { code: 'JR_STORE_CLOSED' })
    await assert.rejects(async () => store.waiting(IMMEDIATE, null, 1, 1), { code: 'JR_STORE_CLOSED' })
  },

  'what was committed is there when it is opened again': async (make) => {
    const { store, reopen } = await make()
    const first = await store.open(NODE)
    const [waits, runs, over] = [
      record({ id: 'waits', seq: 1 }),
      record({ id: 'runs', seq: 2 }),
      record({ id: 'over', seq: 3 }),
    ]
    await commit(
      store,
      insert(waits, { number: 1 }),
      insert(runs, { number: 2 }),
      insert(over, { number: 3 }),
    )
    await commit(store, begin(runs, 1234), begin(over), end(over, true, outcome({ id: 'over' })))
    await store.close()
    if (reopen === null) return
    const again = reopen()
    const second = await again.open(NODE)
    try {
      assert.ok(second.epoch > first.epoch)
      assert.equal(second.id, first.id)
      assert.deepEqual(second.interrupted, [{ job: { ...runs, attempt: 1 }, startedAt: 1234 }])
      assert.deepEqual(await waitingIds(again), ['waits'])
      assert.deepEqual(await again.outcomes('app', 0, 10, MANY), [outcome({ id: 'over' })])
      assert.equal(await again.taken('app', 'life'), 3)
      assert.deepEqual(await commit(again, begin(runs)), ['stale'], 'it is still where it was')
      assert.deepEqual(await commit(again, end(runs, true)), ['ok'])
      const { waiting, running, outcomes } = await again.counts()
      assert.deepEqual([waiting, running, outcomes], [1, 0, 1])
    } finally {
      await again.close()
    }
  },
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

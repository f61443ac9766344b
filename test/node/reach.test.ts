import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import type { NodeChange } from '#dist/node/changes/journal.js'
import { Reach } from '#dist/node/changes/reach.js'
import type { WaitingDeps } from '#dist/node/changes/waiting-jobs.js'
import { systemClock } from '#dist/src/clock.js'
import type { StoredJob } from '#dist/src/job/record.js'
import { type Change, memoryStore } from '#dist/src/store/index.js'
import { course, recordOf } from '../fixtures/record.mjs'

const job = recordOf({ lane: '0n', due: 1, seq: 1, id: 'a', args: Buffer.from('args') })
const ended: StoredJob = {
  job: { ...job, course: course({ attempt: 3 }) },
  state: 'failed',
  startedAt: 1,
  finishedAt: 2,
}

/** A node whose jobs are in its store alone, which takes a while for each change and each answer; with one job that has ended. */
async function withEnded(
  over: Partial<StoredJob> = {},
): Promise<{ reach: Reach; state: () => Promise<string | undefined> }> {
  const store = memoryStore()
  await store.open('n1')
  let last: Promise<unknown> = Promise.resolve()
  let seq = 1
  const commit = async (change: NodeChange) => {
    await turn()
    const [answer] = await store.commit([change as Change], true)
    if (change.kind === 'insert') {
      if (answer === 'duplicate') change.origin?.joined(change, change.job.id)
      change.origin?.stored(change)
    }
    if (change.kind === 'end') change.done?.(answer === 'ok', answer ?? 'stale')
  }
  const add = (change: NodeChange) => {
    last = last.then(() => commit(change))
  }
  add({ kind: 'insert', job, ownId: false, number: null, origin: null, started: false })
  add({
    kind: 'end',
    from: job,
    running: false,
    keep: { ...ended, ...over } as never,
    outcome: null,
    report: null,
    done: null,
  })
  await last
  const nothing = {
    remove: () => undefined,
    find: () => undefined,
    running: () => undefined,
    cancel: () => false,
  }
  const load = async (id: string) => {
    const found = await store.load(id)
    for (let i = 0; i < 3; i++) await turn()
    return found
  }
  const deps = {
    settings: { name: 'n1', keeps: () => false },
    store: { ...store, load },
    journal: { add, flushed: () => last },
    scheduler: nothing,
    runner: nothing,
    clock: systemClock,
    seq: () => ++seq,
  }
  const reach = new Reach(deps as never as WaitingDeps)
  return { reach, state: async () => (await store.load('a'))?.state }
}

t.test('retried, and destroyed at any moment of that: what was destroyed last is gone', async (t) => {
  for (let later = -6; later <= 6; later++) {
    const { reach, state } = await withEnded()
    const after = async (turns: number, work: () => Promise<string>) => {
      for (let i = 0; i < turns; i++) await turn()
      return work()
    }
    const [retried, destroyed] = await Promise.all([
      after(-later, () => reach.retry('a')),
      after(later, () => reach.destroy('a')),
    ])
    t.equal(destroyed, 'done')
    t.equal(await state(), undefined, `${later} turns later; it was ${retried}`)
  }
})

t.test('retried by several at once: by one of them', async (t) => {
  const { reach, state } = await withEnded()
  const answers = await Promise.all([1, 2, 3].map(() => reach.retry('a')))
  t.same(answers.sort(), ['done', 'refused', 'refused'])
  t.equal(await state(), 'available')
  t.equal(await reach.retry('b'), 'not-found')
})

t.test('what has ended since is not what was there before', async (t) => {
  const { reach } = await withEnded()
  const before = reach.before()
  t.equal(before(ended), true)
  t.equal(before({ ...ended, job: { ...job, seq: 99 } }), true, 'taken over from a node with other numbers')
  t.equal(before({ ...ended, job: { ...job, seq: 99 }, finishedAt: Date.now() + 1 }), false)
})

t.test('a result that was kept for a time is no more when that is over, removed or not', async (t) => {
  const until = (until: number) => ({ state: 'completed', result: { until, args: job.args } }) as const
  const [past, kept] = [await withEnded(until(Date.now() - 1)), await withEnded(until(Date.now() + 60_000))]
  t.match(await kept.reach.load('a'), { state: 'completed', result: { args: job.args } })
  t.equal(await past.reach.load('a'), null)
  t.equal(await past.state(), 'completed', 'it is still there')
  t.equal(await past.reach.retry('a'), 'not-found')
})

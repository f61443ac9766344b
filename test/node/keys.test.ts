import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { withNotes } from '#dist/node/changes/indexes.js'
import type { NodeChange } from '#dist/node/changes/journal.js'
import { decide } from '#dist/node/run/verdict.js'
import type { JobRecord } from '#dist/src/job/record.js'
import { agree, NO_TERMS } from '#dist/src/job/terms/agreed.js'
import type { UniqueOptions } from '#dist/src/job/terms/unique.js'
import type { Change, Single, Store } from '#dist/src/store/index.js'
import { memoryStore } from '#dist/src/store/index.js'
import {
  ENDING,
  endedBefore,
  heldKey,
  holder,
  holderOf,
  keyOfEnding,
  UNIQUE,
} from '#dist/src/store/unique.js'
import { listed } from '../contract/commands.js'
import { Model } from '../contract/model.js'
import { changeOf, type Step, step, type World } from '../contract/steps.js'
import { storesWith } from '../contract/stores.js'
import { folder } from '../system/harness.js'
import { record } from './records.js'

const NOTHING = { attempt: 1, retryAfterMs: null, past: null }
const RULES = { maxAttempts: 1, backoff: 0, poisonLimit: 1 }
const RUNS = Number(process.env.JR_TEST_RUNS ?? 40)
/** One in a few jobs has each of these keys. */
const TERMS = [NO_TERMS, agree({ unique: 'a' }, []), agree({ unique: { key: 'b' }, tags: ['red'] }, [])]

const keyed = (job: JobRecord): JobRecord => ({
  ...job,
  name: 'work',
  agreed: TERMS[(job.id.length + job.edition) % TERMS.length] ?? NO_TERMS,
})

function noted(change: Change): Change {
  const made =
    change.kind === 'together'
      ? { kind: 'together', changes: change.changes.map(keyedOne) }
      : keyedOne(change)
  return withNotes(made as NodeChange, { now: () => 5000 }) as Change
}

function keyedOne({ notes: _, ...change }: Single): Single {
  if (change.kind === 'insert' || change.kind === 'begin') return { ...change, job: keyed(change.job) }
  if (change.kind === 'move') return { ...change, from: keyed(change.from), to: keyed(change.to) }
  if (change.kind !== 'end') return change as Single
  const { keep } = change
  return { ...change, from: keyed(change.from), keep: keep && { ...keep, job: keyed(keep.job) } }
}

async function agrees(store: Store): Promise<void> {
  const jobs = await listed(store, {}, 1000)
  const held = jobs.flatMap(({ job, state, finishedAt }) => {
    const name = finishedAt === 0 ? heldKey(job, state) : null
    return name === null ? [] : [`${name.key} ${job.id}`]
  })
  const notes = await store.notes(UNIQUE, {}, 1000)
  assert.deepEqual(
    notes.map(({ key, value }) => `${key} ${holderOf(value)}`),
    held.sort(),
    'each key is with the job that holds it, and no other',
  )
}

t.test('a key is with one job, from its insert to its end, whatever becomes of it', async (t) => {
  const root = folder(t)
  const level = storesWith(null)['level, not young for long']
  const groups = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { maxLength: 12 })
  const run = async (made: readonly (readonly Step[])[]) => {
    const onDisk = await level?.(mkdtempSync(join(root, 'store-')))
    const stores = [memoryStore(), ...(onDisk === undefined ? [] : [onDisk.store])]
    for (const store of stores) await store.open('model_node')
    const world: World = { model: new Model(), places: [], told: [], seq: 0 }
    for (const steps of made) {
      const changes = steps.map((each) => {
        const change = noted(changeOf(each, world))
        world.model.apply(change)
        return change
      })
      for (const store of stores) await store.commit(changes, false)
      for (const store of stores) await agrees(store)
    }
    for (const store of stores) await store.close()
  }
  await fc.assert(fc.asyncProperty(groups, run), { numRuns: RUNS })
})

t.test('until it begins, or for a time', async (t) => {
  const store = memoryStore()
  await store.open('n1')
  let now = 1000
  let seq = 0
  const given = (unique: UniqueOptions, id: string, over: Partial<JobRecord> = {}) =>
    record({
      id,
      seq: ++seq,
      enqueuedAt: now,
      agreed: agree({ unique: { key: 'b', ...unique } }, []),
      ...over,
    })
  const commit = async (change: Partial<NodeChange>) => {
    const [answer] = await store.commit([withNotes(change as NodeChange, { now: () => now }) as Change], true)
    return typeof answer === 'object' && 'value' in answer ? holderOf(answer.value) : answer
  }
  const insert = (job: JobRecord, again = false) =>
    commit({ kind: 'insert', job, ownId: again, number: null, again })
  const end = (from: JobRecord, running: boolean) =>
    commit({ kind: 'end', from, running, outcome: null, keep: null, report: null, done: null })

  const starts = given({ until: 'started' }, 'starts')
  t.equal(await insert(starts), 'ok')
  t.equal(await insert(given({}, 'other')), 'starts')
  t.equal(await holder(store, 'kwork\0b'), 'starts')
  t.equal(await commit({ kind: 'begin', job: starts, startedAt: 1 }), 'ok')
  const next = given({}, 'next')
  t.equal(await insert(next), 'ok')
  // The attempt is given back, and begins again: the key is another's by now.
  const { next: back } = decide(starts, { status: 'returned', ...NOTHING }, RULES, now, ++seq, () => 0)
  if (back === null) return t.fail('it goes on')
  t.equal(await commit({ kind: 'move', from: starts, running: true, to: back, outcome: null }), 'ok')
  t.equal(await commit({ kind: 'begin', job: back, startedAt: 1 }), 'ok')
  t.equal(await holder(store, 'kwork\0b'), 'next')
  t.equal(await end(back, true), 'ok')
  t.equal(await holder(store, 'kwork\0b'), 'next')
  t.equal(await end(next, false), 'ok')
  const waits = given({ until: 'started' }, 'waits')
  t.same([await insert(waits), await end(waits, false)], ['ok', 'ok'], 'one that never began')
  t.equal(await holder(store, 'kwork\0b'), null)

  const timed = given({ until: '1s' }, 'timed')
  t.same([await insert(timed), await end(timed, false)], ['ok', 'ok'])
  now = 1999
  t.equal(await insert(given({ until: 1 }, 'too early')), 'timed')
  t.equal(await insert({ ...timed, seq: ++seq }, true), 'ok', 'its own key it may take again')
  now = 2000
  t.equal(await insert({ ...timed, id: 'again', enqueuedAt: now, seq: ++seq }), 'ok')
  t.equal(await insert({ ...timed, seq: ++seq }, true), 'duplicate')
  t.equal(await end({ ...timed, seq: seq - 2 }, false), 'ok')
  t.equal(await insert({ ...timed, seq: ++seq }, true), 'again', 'another has it')
  const ending = await store.notes(ENDING, { before: endedBefore(2001) }, 10)
  t.same(
    ending.map(({ key }) => keyOfEnding(key)),
    ['kwork\0b'],
  )
  t.equal(await store.countNotes(ENDING, {}), 2)
})

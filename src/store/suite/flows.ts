import assert from 'node:assert/strict'
import { FRESH } from '../../job/course.js'
import { blockedBy } from '../../job/flow.js'
import { IMMEDIATE, laneBlocked } from '../../job/lane.js'
import type { JobRecord } from '../../job/record.js'
import { agree } from '../../job/terms/agreed.js'
import type { Single, Store } from '../contract.js'
import {
  begin,
  type Cases,
  commit,
  end,
  insert,
  keysOn,
  MANY,
  move,
  NODE,
  note,
  outcome,
  record,
  SHARED,
  taken,
  using,
  waitingIds,
} from './fixtures.js'

const FLOW = 'ffilm'
const LANE = laneBlocked(FLOW)

const together = (...changes: Single[]) => ({ kind: 'together', changes }) as const
const noteOf = (key: string, stands: string) => note(`${FLOW}\0${key}`, stands)

/** A job that waits for others of its flow. */
function blocked(id: string, seq: number, ...keys: string[]): JobRecord {
  const needs = keys.map((key) => ({ key, onFail: 'fail' as const }))
  const inner = { flow: { id: 'film', key: id, failFast: false }, needs }
  return blockedBy(FLOW, record({ id, seq, due: 900, agreed: agree({}, [], inner) }))
}

/** The same when it waits no more. */
function released(job: JobRecord, seq: number): JobRecord {
  return { ...job, ...(job.course.behind ?? {}), seq, course: FRESH }
}

interface Film {
  readonly fetch: JobRecord
  readonly sound: JobRecord
  readonly picture: JobRecord
  readonly publish: JobRecord
}

const film = (): Film => ({
  fetch: record({ id: 'fetch' }),
  sound: blocked('sound', 2, 'fetch'),
  picture: blocked('picture', 3, 'fetch'),
  publish: blocked('publish', 4, 'sound', 'picture'),
})

/** All of a flow, with a note that keeps a second one out. */
const come = ({ fetch, sound, picture, publish }: Film) =>
  together(
    { ...insert(fetch), notes: [{ ...note(FLOW), unless: 'taken' }, noteOf('fetch', 'open')] },
    ...[sound, picture, publish].map((job) => ({ ...insert(job), notes: [noteOf(job.id, 'open')] })),
  )

const notesOn = async (store: Store) =>
  (await store.notes(SHARED, { prefix: `${FLOW}\0` }, MANY)).map(
    ({ key, value }) => `${key.slice(FLOW.length + 1)} ${value}`,
  )

/** Jobs that wait for each other, and what a node that comes after another finds of them. */
export const FLOWS: Cases = {
  'a job that waits for others of its flow waits in its lane alone, and does so in no other': (make) =>
    using(make, async (store) => {
      const jobs = film()
      assert.deepEqual(await commit(store, come(jobs)), ['ok'])
      assert.deepEqual(await waitingIds(store, LANE), ['sound', 'picture', 'publish'])
      assert.deepEqual(await waitingIds(store, IMMEDIATE), ['fetch'])
      assert.deepEqual(await store.lanes(null, MANY), [
        { lane: IMMEDIATE, due: 1000 },
        { lane: LANE, due: 0 },
      ])
      const stored = await store.load('sound')
      assert.equal(stored?.state, 'blocked')
      assert.deepEqual(stored?.job, jobs.sound, 'with where it is to stand, and what it needs')
      const second = together({
        ...insert(record({ id: 'x', seq: 9 })),
        notes: [{ ...note(FLOW), unless: 'taken' }],
      })
      assert.deepEqual(await commit(store, second), [{ is: 'refused', at: 0, answer: taken(note(FLOW)) }])
    }),

  'the end of a job, the release of those that need it, and how the flow stands are one step': (make) =>
    using(make, async (store) => {
      const jobs = film()
      const { fetch, sound, picture, publish } = jobs
      await commit(store, come(jobs), begin(fetch))
      const told = outcome({ id: 'fetch' })
      const follows = (at: JobRecord) =>
        together(
          end(fetch, true, told),
          move(sound, false, released(sound, 10)),
          move(at, false, released(picture, 11)),
          { kind: 'note', notes: [noteOf('fetch', 'completed')] },
        )
      // One that is not where it is said to be: nothing follows, and nothing has ended.
      const refused = { is: 'refused', at: 2, answer: 'stale' }
      assert.deepEqual(await commit(store, follows({ ...picture, seq: 99 })), [refused])
      assert.equal((await store.load('fetch'))?.state, 'running')
      assert.deepEqual(await waitingIds(store, LANE), ['sound', 'picture', 'publish'])
      assert.deepEqual(await notesOn(store), ['fetch open', 'picture open', 'publish open', 'sound open'])
      assert.deepEqual(await store.outcomes('app', 0, MANY, MANY), [])

      assert.deepEqual(await commit(store, follows(picture), begin(released(sound, 10))), ['ok', 'ok'])
      assert.equal(await store.load('fetch'), null)
      assert.deepEqual(await waitingIds(store, LANE), ['publish'])
      assert.deepEqual(await waitingIds(store, IMMEDIATE), ['picture'])
      assert.deepEqual(await store.outcomes('app', 0, MANY, MANY), [told])
      // One fails without having run, in the step in which what it needs has failed; the last takes all notes with it.
      const fails = together(
        end(released(sound, 10), true, outcome({ seq: 101, id: 'sound', state: 'failed' })),
        end(publish, false, outcome({ seq: 102, id: 'publish', state: 'failed' })),
        { kind: 'note', notes: [noteOf('sound', 'failed'), noteOf('publish', 'failed')] },
      )
      assert.deepEqual(await commit(store, fails), ['ok'])
      assert.deepEqual(await waitingIds(store, LANE), [])
      assert.deepEqual(await store.lanes(null, MANY), [{ lane: IMMEDIATE, due: 900 }])
      const gone = ['fetch', 'sound', 'picture', 'publish'].map((key) => ({
        ...noteOf(key, ''),
        value: null,
      }))
      const last = { ...end(released(picture, 11), false), notes: [...gone, note(FLOW, null)] }
      assert.deepEqual(await commit(store, last), ['ok'])
      assert.deepEqual(await keysOn(store, SHARED), [])
    }),

  'what is left of a flow is enough to go on when it is opened again': async (make) => {
    const { store, reopen } = await make()
    await store.open(NODE)
    const jobs = film()
    const { fetch, sound, picture, publish } = jobs
    await commit(store, come(jobs))
    await commit(store, begin(fetch))
    await commit(
      store,
      together(end(fetch, true), move(sound, false, released(sound, 10)), {
        kind: 'note',
        notes: [noteOf('fetch', 'completed')],
      }),
      begin(released(sound, 10)),
    )
    await store.close()
    if (reopen === null) return
    const again = reopen()
    const { interrupted } = await again.open(NODE)
    try {
      assert.deepEqual(
        interrupted.map(({ job }) => job.id),
        ['sound'],
      )
      assert.deepEqual(await again.waiting(LANE, null, MANY, MANY), [picture, publish])
      assert.deepEqual(await notesOn(again), [
        'fetch completed',
        'picture open',
        'publish open',
        'sound open',
      ])
      assert.deepEqual(await commit(again, move(picture, false, released(picture, 12))), ['ok'])
      assert.deepEqual(await waitingIds(again, LANE), ['publish'])
    } finally {
      await again.close()
    }
  },
}

import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { withNotes } from '#dist/node/changes/indexes.js'
import type { NodeChange } from '#dist/node/changes/journal.js'
import type { JobRecord } from '#dist/src/job/record.js'
import { agree, NO_TERMS } from '#dist/src/job/terms/agreed.js'
import type { Change, Single, Store } from '#dist/src/store/index.js'
import { memoryStore } from '#dist/src/store/index.js'
import { countTagged, listTagged, standsOf, TAGS, tagNotes } from '#dist/src/store/tags.js'
import { listed } from '../contract/commands.js'
import { Model } from '../contract/model.js'
import { changeOf, nat, STATES, type Step, step, type World } from '../contract/steps.js'
import { storesWith } from '../contract/stores.js'
import { folder } from '../system/harness.js'

const RUNS = Number(process.env.JR_TEST_RUNS ?? 30)
const TAGGED = [NO_TERMS, agree({ tags: ['red'] }, []), agree({ tags: ['red', 'blue ž', 're'] }, [])]
const TAG_NAMES = ['red', 'blue ž', 're', 'none']

/** A job has the tags that its id and edition say, at each of its places. */
const tagged = (job: JobRecord): JobRecord => ({
  ...job,
  agreed: TAGGED[(job.id.length + job.edition) % TAGGED.length] ?? NO_TERMS,
})

/** The change of jobs with tags, as a node would make it. */
function noted(change: Change): Change {
  if (change.kind === 'together') return { kind: 'together', changes: change.changes.map(notedOne) }
  return notedOne(change)
}

function notedOne({ notes: _, ...change }: Single): Single {
  if (change.kind === 'insert' || change.kind === 'begin') return made({ ...change, job: tagged(change.job) })
  if (change.kind === 'move') return made({ ...change, from: tagged(change.from), to: tagged(change.to) })
  if (change.kind !== 'end') return change as Single
  const { keep } = change
  return made({ ...change, from: tagged(change.from), keep: keep && { ...keep, job: tagged(keep.job) } })
}

const made = (change: Single): Single => withNotes(change as NodeChange, { now: () => 0 }) as Single

async function agrees(store: Store): Promise<void> {
  const jobs = await listed(store, {}, 1000)
  const names = jobs.flatMap(({ job, state }) => tagNotes(job, standsOf(state)).map(({ key }) => key))
  const notes = await store.notes(TAGS, {}, 100_000)
  assert.deepEqual(notes.map(({ key }) => key).sort(), names.sort(), 'each job, where it stands')
  for (const tag of TAG_NAMES) {
    const its = jobs.filter(({ job }) => job.agreed.terms.tags?.includes(tag))
    const counts = await countTagged(store, tag)
    for (const [stands, count] of Object.entries(counts))
      assert.equal(count, its.filter(({ state }) => standsOf(state) === stands).length, `${tag}: ${stands}`)
    const found: string[] = []
    for (let after: string | undefined; ; ) {
      const page = await listTagged(store, { tag, limit: 2, after })
      assert.ok(page.jobs.length <= 2)
      found.push(...page.jobs.map(({ job }) => job.id))
      if (page.next === null) break
      after = page.next
    }
    assert.deepEqual(found.sort(), its.map(({ job }) => job.id).sort(), tag)
    for (const state of STATES) {
      const page = await listTagged(store, { tag, state: [state], limit: 1000 })
      assert.deepEqual(
        page.jobs.map(({ job }) => job.id).sort(),
        its
          .filter((one) => one.state === state)
          .map(({ job }) => job.id)
          .sort(),
      )
    }
  }
}

t.test('the index of tags has each job where it stands, whatever becomes of it', async (t) => {
  const root = folder(t)
  const level = storesWith(null)['level, not young for long']
  const pruned = fc.option(fc.record({ state: fc.constantFrom(...STATES), keep: nat(2) }))
  const groups = fc.array(fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 6 }), pruned }), {
    maxLength: 12,
  })
  const run = async (
    made: readonly {
      steps: readonly Step[]
      pruned: { state: (typeof STATES)[number]; keep: number } | null
    }[],
  ) => {
    const onDisk = await level?.(mkdtempSync(join(root, 'store-')))
    const stores = [memoryStore(), ...(onDisk === undefined ? [] : [onDisk.store])]
    for (const store of stores) await store.open('model_node')
    const world: World = { model: new Model(), places: [], told: [], seq: 0 }
    for (const { steps, pruned } of made) {
      const changes = steps.map((each) => {
        const change = changeOf(each, world)
        world.model.apply(noted(change))
        return noted(change)
      })
      for (const store of stores) await store.commit(changes, false)
      if (pruned !== null) {
        world.model.prune(pruned.state, 0, pruned.keep)
        for (const store of stores) await store.prune(pruned.state, 0, pruned.keep)
      }
      for (const store of stores) await agrees(store)
    }
    for (const store of stores) await store.close()
  }
  await fc.assert(fc.asyncProperty(groups, run), { numRuns: RUNS })
})

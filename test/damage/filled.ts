import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { IMMEDIATE, IMMEDIATE_DEFERRED, type Lane, TIMED, TIMED_DEFERRED } from '#dist/src/job/lane.js'
import type { JobRecord } from '#dist/src/job/record.js'
import { type Change, levelStore, type Note, type Store } from '#dist/src/store/index.js'
import { course, failedAttempt } from '../fixtures/record.mjs'
import { outcome, record } from '../node/records.js'

export const JOBS = 2000

/** What a store has: each job and outcome, as text. */
export type Content = ReadonlyMap<string, string>

/** Each job has a note on it, under its id. */
const SHELF = { name: 'jobs', own: true }
const noteOf = (id: string, value: Buffer | null = argsOf(id)): Note => ({ shelf: SHELF, key: id, value })

export function argsOf(id: string): Buffer {
  return Buffer.from(`args of ${id} `.repeat(8))
}

/** Young jobs and such with rows, some running, some ended and kept, outcomes; in LevelDB's log, and in a table. */
export async function fill(dir: string): Promise<void> {
  let seq = 0
  const job = (lane: Lane) => {
    const id = `job-${++seq}`
    return record({ id, seq, lane, due: lane === TIMED ? 5000 + seq : 1, args: argsOf(id) })
  }
  const insert = (made: JobRecord): Change => ({
    kind: 'insert',
    job: made,
    ownId: false,
    number: made.seq,
    notes: [noteOf(made.id)],
  })
  const life = async (jobs: number) => {
    const store = levelStore({ dir })
    await store.open('n1')
    for (let left = jobs; left > 0; left -= 50) {
      const made = Array.from({ length: 50 }, (_, i) => job(i % 3 === 0 ? IMMEDIATE : TIMED))
      await store.commit(made.map(insert), true)
      const [begun, kept, gone] = made as [JobRecord, JobRecord, JobRecord]
      await store.commit([{ kind: 'begin', job: begun, startedAt: 7 }], false)
      await store.commit([end(kept, true), end(gone, false)], true)
    }
    await store.close()
  }
  await life(JOBS / 2)
  await life(JOBS / 2)
}

function end(from: JobRecord, keep: boolean): Change {
  const ended = { ...from, course: course({ attempts: [failedAttempt()] }) }
  return {
    kind: 'end',
    from,
    running: false,
    outcome: outcome({ seq: from.seq, distributor: 'app', id: from.id, args: argsOf(from.id) }),
    notes: [keep ? noteOf(from.id) : noteOf(from.id, null)],
    keep: keep ? { job: ended, state: 'failed', startedAt: 7, finishedAt: 8 } : null,
  }
}

/** All that can be read. `wrong`: what nobody has sent. `unpaired`: jobs without their notes, and notes without their jobs. */
async function read(store: Store, interrupted: readonly { readonly job: JobRecord }[]) {
  const content = new Map<string, string>()
  const wrong: string[] = []
  const add = (id: string, is: string, args: Buffer) => {
    if (content.has(id)) wrong.push(`${id} is there twice`)
    if (!args.equals(argsOf(id.replace('outcome of ', '')))) wrong.push(`${id} has other args`)
    content.set(id, is)
  }
  for (const { job } of interrupted) add(job.id, `runs, attempt ${job.course.attempt}`, job.args)
  for (const lane of [IMMEDIATE, TIMED, IMMEDIATE_DEFERRED, TIMED_DEFERRED]) {
    for (const job of await store.waiting(lane, null, JOBS, 1e9))
      add(job.id, `waits, ${lane} ${job.due}`, job.args)
  }
  for (const { job } of (await store.list({ state: ['failed'], limit: JOBS })).jobs)
    add(job.id, 'kept', job.args)
  for (const { id, args } of await store.outcomes('app', 0, JOBS, 1e9)) add(`outcome of ${id}`, 'there', args)
  for (const id of content.keys()) {
    if (!id.startsWith('outcome') && (await store.load(id)) === null) wrong.push(`${id} can't be loaded`)
  }
  const jobs = [...content.keys()].filter((id) => !id.startsWith('outcome'))
  const notes = await store.notes(SHELF, {}, 2 * JOBS)
  const noted = new Set(notes.map(({ key }) => key))
  const unpaired = [...jobs.filter((id) => !noted.has(id)), ...[...noted].filter((id) => !content.has(id))]
  for (const { key, value } of notes) {
    if (!value.equals(argsOf(key))) wrong.push(`the note of ${key} has another value`)
    content.set(`note of ${key}`, 'there')
  }
  content.set('taken', String(await store.taken('app', 'life-1')))
  return { content, wrong, unpaired }
}

export function differences(before: Content, after: Content): string[] {
  const lost = [...before].filter(([id, is]) => after.get(id) !== is).map(([id, is]) => `${id} (${is})`)
  const more = [...after.keys()].filter((id) => !before.has(id)).map((id) => `${id} is new`)
  return [...lost, ...more]
}

/** Opens the store in a folder, and reads all of it. */
export async function contentOf(dir: string) {
  const store = levelStore({ dir })
  try {
    const { interrupted, notes } = await store.open('n1')
    return { ...(await read(store, interrupted)), notes }
  } finally {
    await store.close()
  }
}

/** A store that was filled, a copy of it to be damaged, and what that has while it is whole. */
export async function filledIn(root: string) {
  const dir = join(root, 'store')
  await fill(dir)
  const copy = join(root, 'copy')
  cpSync(dir, copy, { recursive: true })
  return { dir, copy, ...(await contentOf(copy)) }
}

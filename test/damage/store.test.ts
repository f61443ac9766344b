import { cpSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { JobRecord, Lane } from '#dist/src/job/record.js'
import { type Change, levelStore, type Store } from '#dist/src/store/index.js'
import { record } from '../node/records.js'
import { folder, randomOf } from '../system/harness.js'
import { damagesOf, endOf } from './damage.js'

const WHOLE = process.env.JR_TEST_DAMAGE !== undefined
const SEED = Number(process.env.JR_TEST_SEED ?? Date.now() % 1_000_000)
const [FLIPS, CUTS] = WHOLE ? [50, 10] : [4, 2]
const JOBS = 2000

/** What a store has: each job and outcome, as text. */
type Content = ReadonlyMap<string, string>

function argsOf(id: string): Buffer {
  return Buffer.from(`args of ${id} `.repeat(8))
}

/** Young jobs and such with rows, some running, some ended and kept, outcomes; in LevelDB's log, and in a table. */
async function fill(dir: string): Promise<void> {
  let seq = 0
  const job = (lane: Lane) => {
    const id = `job-${++seq}`
    return record({ id, seq, lane, due: lane === 1 ? 5000 + seq : 1, args: argsOf(id) })
  }
  const insert = (made: JobRecord): Change => ({ kind: 'insert', job: made, ownId: false, number: made.seq })
  const life = async (jobs: number) => {
    const store = levelStore({ dir })
    await store.open('n1')
    for (let left = jobs; left > 0; left -= 50) {
      const made = Array.from({ length: 50 }, (_, i) => job(i % 3 === 0 ? 0 : 1))
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
  const ended = { ...from, lastError: 'no' }
  return {
    kind: 'end',
    from,
    running: false,
    outcome: { ...OUTCOME, seq: from.seq, id: from.id, args: argsOf(from.id) },
    keep: keep ? { job: ended, state: 'failed', startedAt: 7, finishedAt: 8 } : null,
  }
}

const OUTCOME = {
  distributor: 'app',
  instance: 'life-1',
  name: 'job',
  state: 'failed',
  more: false,
  node: 'n1',
  slot: 0,
  attempt: 1,
  enqueuedAt: 1,
  startedAt: 7,
  finishedAt: 8,
  child: 0,
  error: Buffer.alloc(0),
} as const

/** All that can be read. `wrong`: what nobody has sent. */
async function read(store: Store, interrupted: readonly { readonly job: JobRecord }[]) {
  const content = new Map<string, string>()
  const wrong: string[] = []
  const add = (id: string, is: string, args: Buffer) => {
    if (content.has(id)) wrong.push(`${id} is there twice`)
    if (!args.equals(argsOf(id.replace('outcome of ', '')))) wrong.push(`${id} has other args`)
    content.set(id, is)
  }
  for (const { job } of interrupted) add(job.id, `runs, attempt ${job.attempt}`, job.args)
  for (const lane of [0, 1, 2, 3] as const) {
    for (const job of await store.waiting(lane, null, JOBS, 1e9))
      add(job.id, `waits, ${lane} ${job.due}`, job.args)
  }
  for (const { job } of (await store.list({ state: 'failed', limit: JOBS })).jobs)
    add(job.id, 'kept', job.args)
  for (const { id, args } of await store.outcomes('app', 0, JOBS, 1e9)) add(`outcome of ${id}`, 'there', args)
  for (const id of content.keys()) {
    if (!id.startsWith('outcome') && (await store.load(id)) === null) wrong.push(`${id} can't be loaded`)
  }
  content.set('taken', String(await store.taken('app', 'life-1')))
  return { content, wrong }
}

function differences(before: Content, after: Content): string[] {
  const lost = [...before].filter(([id, is]) => after.get(id) !== is).map(([id, is]) => `${id} (${is})`)
  const more = [...after.keys()].filter((id) => !before.has(id)).map((id) => `${id} is new`)
  return [...lost, ...more]
}

t.test(`every file of a store flipped, cut and removed (seed ${SEED})`, async (t) => {
  t.setTimeout(WHOLE ? 3_600_000 : 240_000)
  const root = folder(t)
  const dir = join(root, 'store')
  await fill(dir)
  const open = async (place: string) => {
    const store = levelStore({ dir: place })
    try {
      const { interrupted, notes } = await store.open('n1')
      return { ...(await read(store, interrupted)), notes }
    } finally {
      await store.close()
    }
  }
  const copy = join(root, 'copy')
  cpSync(dir, copy, { recursive: true })
  const { content, wrong, notes } = await open(copy)
  t.same([wrong, notes], [[], []])
  t.equal(content.size, 1 + JOBS + JOBS / 50, 'jobs and outcomes')
  const ends: Record<string, number> = { refused: 0, said: 0, harmless: 0 }
  for (const { file, what, apply } of damagesOf(dir, FLIPS, CUTS, randomOf(SEED))) {
    if (file === 'owner.pid' || file.endsWith('LOCK')) continue
    rmSync(copy, { recursive: true })
    cpSync(dir, copy, { recursive: true })
    apply(copy)
    const text = `${file.replace(/\d{6}/, 'N')} ${what}`
    const after = await open(copy).catch((error) => error as Error & { code?: string })
    if (after instanceof Error) {
      if (process.env.JR_TEST_DAMAGE === 'all') console.error(`${text}: ${after.message}`)
      if (!['JR_STORE_CORRUPT', 'JR_BAD_CONFIG'].includes(after.code ?? '')) t.fail(`${text}: ${after.stack}`)
      ends.refused = (ends.refused ?? 0) + 1
      continue
    }
    const changed = differences(content, after.content)
    if (process.env.JR_TEST_DAMAGE === 'all')
      console.error(`${text}: ${changed.length} ${after.notes.join('; ')}`)
    if (after.wrong.length > 0) t.fail(`${text}: ${after.wrong.slice(0, 3).join('; ')}`)
    if (changed.length > 0 && after.notes.length === 0)
      t.fail(`${text}: without a word: ${changed.length}: ${changed.slice(0, 3).join('; ')}`)
    const kind = changed.length > 0 ? 'said' : 'harmless'
    ends[kind] = (ends[kind] ?? 0) + 1
  }
  t.comment(JSON.stringify(ends))
  t.ok((ends.refused ?? 0) > 0)
})

for (const [where, lane] of [
  ['the log', 0],
  ["LevelDB's log", 1],
] as const) {
  t.test(`an end that is cut off ${where} is said, and the numbers show that jobs are missing`, async (t) => {
    const dir = join(folder(t), 'store')
    const store = levelStore({ dir })
    await store.open('n1')
    for (let seq = 1; seq <= 20; seq++) {
      const job = record({ id: `job-${seq}`, seq, lane, args: argsOf(`job-${seq}`) })
      await store.commit([{ kind: 'insert', job, ownId: false, number: seq }], true)
    }
    await store.close()
    const folderOf = join(dir, lane === 0 ? 'log' : 'db')
    const name =
      readdirSync(folderOf).find((file) => (lane === 0 ? file === '0' : file.endsWith('.log'))) ?? ''
    const file = join(folderOf, name)
    truncateSync(file, endOf(readFileSync(file)) - 5)
    const again = levelStore({ dir })
    const { notes } = await again.open('n1')
    if (lane === 0)
      t.match(notes.join(), /log\/0 .* is cut off at byte \d+: \d+ bytes that were on the disk are gone/)
    else
      t.match(
        notes.join(),
        /ends in an entry that is not whole: its \d+ bytes.*its last 1 batches.* are gone/,
      )
    t.equal((await again.counts()).waiting, 19)
    t.equal(await again.taken('app', 'life-1'), 19)
    await again.close()
    const third = levelStore({ dir })
    t.same((await third.open('n1')).notes, [], 'said once')
    await third.close()
  })
}

t.test('a row that is not what was written ends the node, and it does not start again', async (t) => {
  const dir = join(folder(t), 'store')
  const store = levelStore({ dir })
  await store.open('n1')
  const job = record({ id: 'job-1', lane: 1, args: argsOf('job-1') })
  await store.commit([{ kind: 'insert', job, ownId: false, number: 1 }], true)
  await store.close()
  // As if it had been damaged in memory: LevelDB has it with a checksum of its own that is right.
  const { ClassicLevel } = await import('classic-level')
  const db = new ClassicLevel<string, Buffer>(join(dir, 'db'), { valueEncoding: 'buffer' })
  for await (const [key, row] of db.iterator({ gt: 'j', lt: 'k' })) {
    row[row.length - 20] = (row[row.length - 20] ?? 0) ^ 1
    await db.put(key, row, { sync: true } as object)
  }
  await db.close()
  const again = levelStore({ dir })
  await again.open('n1')
  const refused = {
    code: 'JR_STORE_CORRUPT',
    message: /the row "j1.*" is not what was written.*npx job-reactor repair/,
  }
  await t.rejects(again.waiting(1, null, 10, 1e6), refused)
  await again.close()
  await t.rejects(levelStore({ dir }).open('n1'), { ...refused, message: /noted in .*damage\.json/ })
})

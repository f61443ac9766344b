import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { pack } from '#dist/src/bytes/codec.js'
import { TIMED } from '#dist/src/job/lane.js'
import type { JobRecord } from '#dist/src/job/record.js'
import type { Change, Store } from '#dist/src/store/index.js'
import { levelStore } from '#dist/src/store/index.js'
import { META_KEY, markKey, placeKey } from '#dist/src/store/level/keys.js'
import { decodeMeta } from '#dist/src/store/level/meta.js'
import { openDatabase } from '#dist/src/store/level/opening.js'
import { RowBatch } from '#dist/src/store/level/row-batch.js'
import { record } from '../../node/records.js'

// What a loss of power leaves, made by hand; `test/power/` loses it for real.

function folder(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'jr-power-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** The folder of an open store as it is now, without what would take its lock. */
function copy(from: string, to: string): void {
  const filter = (file: string) => !file.endsWith('LOCK') && !file.endsWith('.pid')
  cpSync(from, to, { recursive: true, filter })
}

/** A folder whose log is older than its database. */
function withLogOf(dir: string, older: string): void {
  rmSync(join(dir, 'log'), { recursive: true })
  cpSync(join(older, 'log'), join(dir, 'log'), { recursive: true })
}

const young = (id: string, seq: number) => record({ id, seq })
const delayed = (id: string, seq: number, args = Buffer.alloc(1)) =>
  record({ id, seq, lane: TIMED, due: 5000, args })
const insert = (job: JobRecord): Change => ({ kind: 'insert', job, ownId: false, number: null })
const move = (from: JobRecord, to: JobRecord): Change => {
  return { kind: 'move', from, running: false, to, outcome: null }
}
const end = (from: JobRecord): Change => ({ kind: 'end', from, running: false, outcome: null, keep: null })

async function opened(dir: string, durability: 'fsync' | 'os' = 'fsync'): Promise<Store> {
  const store = levelStore({ dir, durability })
  await store.open('n1')
  return store
}

t.test('a job that has gone on without the log, and ended since, does not come back from it', async (t) => {
  const root = folder(t)
  const dir = join(root, 'store')
  const store = await opened(dir)
  // The second keeps the file of the log in which the first has come.
  await store.commit([insert(young('j', 1)), insert(young('stays', 2))], true)
  copy(dir, join(root, 'before'))
  await store.commit([move(young('j', 1), young('j', 3))], false)
  await store.commit([move(young('j', 3), delayed('j', 4))], false)
  const cut = join(root, 'cut')
  copy(dir, cut)
  withLogOf(cut, join(root, 'before'))
  await store.close()
  const again = await opened(cut)
  t.match(await again.load('j'), { job: { seq: 4 } }, 'the database had it')
  t.match(await again.counts(), { waiting: 2 })
  await again.commit([end(delayed('j', 4))], true)
  await again.close()
  const third = await opened(cut)
  t.equal(await third.load('j'), null)
  t.match(await third.counts(), { waiting: 1 })
  await third.close()
})

t.test('a job of which the log has lost a move keeps no file of it', async (t) => {
  const root = folder(t)
  const dir = join(root, 'store')
  const store = await opened(dir)
  await store.commit([insert(young('j', 1))], true)
  copy(dir, join(root, 'before'))
  await store.commit([move(young('j', 1), young('j', 2))], false)
  // With a row beside it, the database has this one.
  await store.commit([move(young('j', 2), young('j', 3)), insert(delayed('row', 4))], false)
  const cut = join(root, 'cut')
  copy(dir, cut)
  withLogOf(cut, join(root, 'before'))
  await store.close()
  const again = await opened(cut)
  t.match(await again.load('j'), { job: { seq: 3 } })
  t.match(await again.counts(), { waiting: 2, running: 0 })
  await again.commit([end(young('j', 3)), end(delayed('row', 4))], true)
  await again.close()
  await (await opened(cut)).close()
  const { db, lock } = await openDatabase(cut, 'n1')
  const { oldest, newest } = decodeMeta((await db.get(META_KEY)) ?? Buffer.alloc(0)).log
  t.equal(oldest, newest, 'nothing of the log is needed but the file that is written to')
  await db.close()
  await lock.release()
})

/** A store whose database has lost the move of a job to its second place, and has the one to its third. */
async function withoutABatch(t: Test): Promise<string> {
  const root = folder(t)
  const dir = join(root, 'store')
  const store = await opened(dir, 'os')
  await store.commit([insert(large(1)), insert(delayed('other', 9))], true)
  await store.commit([move(large(1), large(2))], false)
  await store.commit([move(large(2), large(3))], false)
  const cut = join(root, 'cut')
  copy(dir, cut)
  await store.close()
  const log = join(cut, 'db', readdirSync(join(cut, 'db')).find((name) => name.endsWith('.log')) ?? '')
  const bytes = readFileSync(log)
  t.ok(bytes.length > 120_000)
  writeFileSync(log, bytes.fill(0, 50_000, 60_000))
  return cut
}

/** Longer than a block of LevelDB, which leaves out the rest of a block that is damaged. */
const large = (seq: number) => delayed('j', seq, Buffer.alloc(40_000, 'x'))

t.test('without fsync: a batch of the database is missing, and later ones are there', async (t) => {
  const cut = await withoutABatch(t)
  const again = levelStore({ dir: cut, durability: 'os' })
  const { notes } = await again.open('n1')
  t.match(notes.join(), /a power cut has taken/)
  const ids = (await again.waiting(TIMED, null, 10, 1e6)).map(({ id, seq }) => `${id} ${seq}`)
  t.same(ids, ['j 3', 'other 9'], 'each is one job')
  t.match(await again.counts(), { waiting: 2 })
  await again.commit([end(large(3))], false)
  t.equal(await again.load('j'), null)
  await again.close()
  const third = levelStore({ dir: cut })
  t.same((await third.open('n1')).notes, [], 'mended once')
  t.match(await third.counts(), { waiting: 1 })
  await third.close()
})

t.test(
  'without fsync: the attempt that had begun at a place of which the job has gone is over',
  async (t) => {
    const cut = await withoutABatch(t)
    const { db, lock } = await openDatabase(cut, 'n1')
    await new RowBatch(db).put(markKey(1), pack([placeKey(large(1)), 7])).write(true)
    await db.close()
    await lock.release()
    const store = levelStore({ dir: cut, durability: 'os' })
    const { interrupted } = await store.open('n1')
    t.same(interrupted, [])
    t.match(await store.load('j'), { job: { seq: 3 } })
    t.match(await store.counts(), { waiting: 2, running: 0 })
    await store.close()
  },
)

t.test('what is left of a first start that the power has cut off is begun anew', async (t) => {
  const dir = join(folder(t), 'store')
  mkdirSync(join(dir, 'db.new'), { recursive: true })
  // LevelDB names a file that is not on the disk yet.
  writeFileSync(join(dir, 'db.new', 'CURRENT'), 'MANIFEST-000001\n')
  writeFileSync(join(dir, 'db.new', 'MANIFEST-000001'), '')
  const store = await opened(dir)
  await store.commit([insert(young('j', 1))], true)
  await store.close()
  t.notOk(readdirSync(dir).includes('db.new'))
  const again = await opened(dir)
  t.match(await again.counts(), { waiting: 1 })
  await again.close()
})

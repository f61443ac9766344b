import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '#dist/src/clock.js'
import { IMMEDIATE, TIMED } from '#dist/src/job/lane.js'
import { levelStore } from '#dist/src/store/index.js'
import { LateLook } from '#dist/src/store/level/late-look.js'
import { record } from '../node/records.js'
import { folder, randomOf } from '../system/harness.js'
import { damagesOf, endOf } from './damage.js'
import { argsOf, contentOf, differences, fill, filledIn, JOBS } from './filled.js'

const WHOLE = process.env.JR_TEST_DAMAGE !== undefined
const SEED = Number(process.env.JR_TEST_SEED ?? Date.now() % 1_000_000)
const [FLIPS, CUTS] = WHOLE ? [50, 10] : [2, 1]

t.test(`every file of a store flipped, cut and removed (seed ${SEED})`, async (t) => {
  t.setTimeout(WHOLE ? 3_600_000 : 240_000)
  const root = folder(t)
  const { dir, copy, content, wrong, notes } = await filledIn(root)
  t.same([wrong, notes], [[], []])
  t.equal(
    content.size,
    1 + JOBS + JOBS / 50 + (JOBS - JOBS / 50),
    'jobs and outcomes, and a note of each job',
  )
  const ends: Record<string, number> = { refused: 0, said: 0, harmless: 0 }
  for (const { file, what, apply } of damagesOf(dir, FLIPS, CUTS, randomOf(SEED))) {
    if (file === 'owner.pid' || file.endsWith('LOCK') || (!WHOLE && file.includes('LOG'))) continue
    rmSync(copy, { recursive: true })
    cpSync(dir, copy, { recursive: true })
    apply(copy)
    const text = `${file.replace(/\d{6}/, 'N')} ${what}`
    const after = await contentOf(copy).catch((error) => error as Error & { code?: string })
    if (after instanceof Error) {
      if (process.env.JR_TEST_DAMAGE === 'all') console.error(`${text}: ${after.message}`)
      if (!['JR_STORE_CORRUPT', 'JR_BAD_CONFIG'].includes(after.code ?? '')) t.fail(`${text}: ${after.stack}`)
      ends.refused = (ends.refused ?? 0) + 1
      continue
    }
    if (after.unpaired.length > 0)
      t.fail(`${text}: without each other: ${after.unpaired.slice(0, 3).join('; ')}`)
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
  ['the log', IMMEDIATE],
  ["LevelDB's log", TIMED],
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
    const folderOf = join(dir, lane === IMMEDIATE ? 'log' : 'db')
    const name =
      readdirSync(folderOf).find((file) => (lane === IMMEDIATE ? file === '0' : file.endsWith('.log'))) ?? ''
    const file = join(folderOf, name)
    truncateSync(file, endOf(readFileSync(file)) - 5)
    const again = levelStore({ dir })
    const { notes } = await again.open('n1')
    if (lane === IMMEDIATE)
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

/**
 * A store that was opened twice, as the power leaves it that goes in the second opening: its log is on the disk, but the new
 * manifest has not got its name, so that the log of the first counts too. `leave` says what is left of that.
 */
async function openedTwice(dir: string, leave: (log: Buffer) => Buffer): Promise<string> {
  const [db, before] = [join(dir, 'db'), `${dir}.before`]
  await storedIn(dir, 1)
  cpSync(db, before, { recursive: true })
  const log = readdirSync(before).find((name) => name.endsWith('.log')) ?? ''
  await storedIn(dir, 6)
  cpSync(before, db, { recursive: true })
  writeFileSync(join(db, log), leave(readFileSync(join(before, log))))
  return log
}

/** Five jobs, of numbers from this one on. Answers what was said at the opening. */
async function storedIn(dir: string, from: number): Promise<readonly string[]> {
  const store = levelStore({ dir })
  const { notes } = await store.open('n1')
  for (let seq = from; seq < from + 5; seq++) {
    const job = record({ id: `job-${seq}`, seq, lane: TIMED, args: argsOf(`job-${seq}`) })
    await store.commit([{ kind: 'insert', job, ownId: false, number: seq }], true)
  }
  await store.close()
  return notes
}

t.test('the power goes again while a store with a torn end is opened: nothing is lost', async (t) => {
  const dir = join(folder(t), 'store')
  const log = await openedTwice(dir, (whole) => Buffer.concat([whole, Buffer.alloc(4096)]))
  t.match(await storedIn(dir, 11), [
    new RegExp(`${log} ends in an entry that is not whole: its 4096 bytes.* are left out$`),
  ])
  const store = levelStore({ dir })
  await store.open('n1')
  const ids = (await store.waiting(TIMED, null, 100, 1e6)).map(({ id }) => id)
  await store.close()
  t.same(
    ids,
    Array.from({ length: 15 }, (_, i) => `job-${i + 1}`),
  )
})

t.test(
  'an entry that was whole, with a log behind it that came after, is damage and no torn end',
  async (t) => {
    const dir = join(folder(t), 'store')
    const log = await openedTwice(dir, (whole) => {
      const damaged = Buffer.from(whole)
      const at = endOf(whole) - 5
      damaged[at] = (damaged[at] ?? 0) ^ 1
      return damaged
    })
    await t.rejects(levelStore({ dir }).open('n1'), {
      code: 'JR_STORE_CORRUPT',
      message: new RegExp(`${log} ends in an entry that is not whole.*, and there is a log behind it`),
    })
  },
)

t.test('a row that is not what was written ends the node, and it does not start again', async (t) => {
  const dir = join(folder(t), 'store')
  const store = levelStore({ dir })
  await store.open('n1')
  const job = record({ id: 'job-1', lane: TIMED, args: argsOf('job-1') })
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
  await t.rejects(again.waiting(TIMED, null, 10, 1e6), refused)
  await again.close()
  await t.rejects(levelStore({ dir }).open('n1'), { ...refused, message: /noted in .*damage\.json/ })
})

t.test('tables that were not looked at before the start are looked at while the store is open', async (t) => {
  const dir = join(folder(t), 'store')
  await fill(dir)
  const db = join(dir, 'db')
  const good = join(db, readdirSync(db).find((name) => name.endsWith('.ldb')) ?? '')
  const bad = join(db, 'bad.ldb')
  const bytes = readFileSync(good)
  bytes[9000] = (bytes[9000] ?? 0) ^ 4
  writeFileSync(bad, bytes)
  // What it looks at by itself does not keep a process.
  const alive = setInterval(() => {}, 60_000)
  t.teardown(() => clearInterval(alive))
  const found = await new Promise<string>((resolve) => {
    const look = new LateLook([bad, join(db, 'merged.ldb'), good], systemClock, async (damage) => {
      await look.stop()
      resolve(damage)
    })
  })
  t.match(found, /bad\.ldb is damaged in 1 of \d+ blocks, at byte \d+/)
})

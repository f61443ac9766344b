import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { JobRecord } from '#dist/src/job/record.js'
import { levelStoreWith } from '#dist/src/store/level/store.js'
import { listed } from '../contract/commands.js'
import { folder, randomOf } from '../system/harness.js'
import { diskAfterLoss, LOSSES } from './disk.js'
import { Expected, type Said } from './expected.js'
import { LIMITS } from './limits.mjs'
import { runWriter } from './run-writer.js'
import { type PoweredFolder, powered, undoLibrary, withoutPowerLoss } from './undo-log.js'

const ROUNDS = Number(process.env.JR_TEST_ROUNDS ?? 2)
const SEED = Number(process.env.JR_TEST_SEED ?? Date.now() % 1_000_000)
/** Entries that a writer makes at most before the power goes. */
const MOST = process.env.JR_TEST_ROUNDS === undefined ? 1500 : 3000
const skip = withoutPowerLoss()

/** What a writer has said. The folder of its store comes first. */
async function write(power: PoweredFolder, writer: string, ...args: unknown[]): Promise<Said[]> {
  const said = await runWriter(power, writer, join(power.dir, 'data'), ...args)
  return said as Said[]
}

const without = (some: readonly string[], others: readonly string[]) =>
  some.filter((one) => !others.includes(one)).slice(0, 3)

/** What is in the store, in the words of `Expected`. */
async function look(
  dir: string,
  durability: 'fsync' | 'os',
  noted = durability === 'fsync',
): Promise<{ found: Expected; wrong: string[] }> {
  const store = levelStoreWith({ dir, durability }, LIMITS)
  const { interrupted } = await store.open('n1')
  const wrong: string[] = []
  try {
    const found = new Expected()
    const place = (id: string, is: string) => {
      if (found.has(id)) wrong.push(`${id} is there twice: ${is}`)
      found.set(id, is)
    }
    const check = async (job: JobRecord) => {
      if (job.args.length > 0 && !job.args.equals(Buffer.alloc(job.args.length, job.id)))
        wrong.push(`the args of ${job.id} are not its own`)
      if ((await store.load(job.id))?.job.seq !== job.seq) wrong.push(`${job.id} can't be loaded`)
    }
    for (const { job } of interrupted) {
      place(job.id, `runs ${job.seq}`)
      await check(job)
    }
    let waiting = 0
    for (const { lane } of await store.lanes(null, 1e6)) {
      for (const job of await store.waiting(lane, null, 1e6, 1e9)) {
        place(job.id, `waits ${job.seq}`)
        waiting++
        await check(job)
      }
    }
    const failed = await listed(store, { state: ['failed'] }, 1e6)
    for (const { job } of failed) place(job.id, 'kept')
    const outcomes = await store.outcomes('app', 0, 1e6, 1e9)
    for (const { seq } of outcomes) found.outcome(seq)
    const notes = (await store.notes({ name: 'jobs', own: false }, {}, 1e6)).map(({ key }) => key)
    const stands = found.stands().sort()
    // Without fsync, what a power cut has left of notes may be of another time than their jobs.
    if (noted && JSON.stringify(notes.sort()) !== JSON.stringify(stands))
      wrong.push(`notes ${without(notes, stands)} without jobs, jobs ${without(stands, notes)} without notes`)
    const counts = {
      waiting,
      running: interrupted.length,
      completed: 0,
      failed: failed.length,
      cancelled: 0,
      outcomes: outcomes.length,
    }
    const counted = await store.counts()
    if (JSON.stringify(counted) !== JSON.stringify(counts))
      wrong.push(`${JSON.stringify(counts)} there, ${JSON.stringify(counted)} counted`)
    return { found, wrong }
  } finally {
    await store.close()
  }
}

for (const durability of ['fsync', 'os'] as const) {
  t.test(
    `${ROUNDS} losses of power while changes are written, ${durability} (seed ${SEED})`,
    { skip },
    async (t) => {
      t.setTimeout(240_000 + ROUNDS * 20_000)
      const root = folder(t)
      const library = undoLibrary(root)
      const random = randomOf(SEED)
      const disk = join(root, 'disk')
      const cut = join(root, 'cut')
      let expected = new Expected()
      for (let round = 0; round < ROUNDS; round++) {
        // Now and then from the very beginning; and some lose it while they open.
        const isFirst = round % 4 === 0
        if (isFirst) {
          rmSync(disk, { recursive: true, force: true })
          expected = new Expected()
        }
        const lostAt = 1 + Math.floor(isFirst ? random() * 45 : random() ** 2 * MOST)
        const power = powered(root, { library, lostAt, syncMs: random() * 2 })
        const said = await write(power, 'writer.mjs', durability, Math.floor(random() * 1e6))
        expected.add(said)
        const refused = said.filter((each) => 'bad' in each)
        t.same(refused, [], `round ${round}: ${said.length} said, lost at entry ${lostAt}`)
        for (const loss of LOSSES) {
          diskAfterLoss(power, cut, loss, random)
          const { found, wrong } = await look(join(cut, 'data'), durability)
          wrong.push(...expected.compare(found, durability === 'fsync'))
          const again = await look(join(cut, 'data'), durability)
          wrong.push(...[...again.wrong, ...found.compare(again.found, true)].map((text) => `again: ${text}`))
          t.same(wrong.slice(0, 5), [], `round ${round}, ${loss}`)
          if (!t.passing()) return
          // The next writer goes on with what the last loss has left.
          if (loss === LOSSES.at(-1)) expected = found
        }
        rmSync(disk, { recursive: true })
        renameSync(cut, disk)
      }
    },
  )
}

t.test(`a first start that the power cuts off (seed ${SEED})`, { skip }, async (t) => {
  const root = folder(t)
  const library = undoLibrary(root)
  const random = randomOf(SEED)
  // Every entry that it makes before it takes a job, by turns.
  const step = process.env.JR_TEST_ROUNDS === undefined ? 8 : 1
  for (let lostAt = 1 + (SEED % step); lostAt <= 50; lostAt += step) {
    const power = powered(join(root, String(lostAt)), { library, lostAt, syncMs: 0 })
    await write(power, 'writer.mjs', 'fsync', SEED)
    for (const loss of [...LOSSES, 'torn'] as const) {
      const cut = join(root, 'cut')
      diskAfterLoss(power, cut, loss, random)
      const { wrong } = await look(join(cut, 'data'), 'fsync')
      t.same(wrong, [], `entry ${lostAt}, ${loss}`)
    }
  }
})

t.test('rows that nobody waited for are lost from the end, and not from the middle', { skip }, async (t) => {
  const root = folder(t)
  const power = powered(root, { library: undoLibrary(root), syncMs: 0 })
  await write(power, 'moves.mjs')
  const random = randomOf(1)
  for (let disk = 0; disk < 15; disk++) {
    const cut = join(root, 'cut')
    diskAfterLoss(power, cut, 'torn', random)
    const { wrong } = await look(join(cut, 'data'), 'fsync', false)
    t.same(wrong, [], `disk ${disk}`)
  }
})

t.test('notes are not newer in rows than in the log, nor older', { skip }, async (t) => {
  const root = folder(t)
  const power = powered(root, { library: undoLibrary(root), syncMs: 0 })
  await write(power, 'noted.mjs')
  for (const loss of LOSSES) {
    const cut = join(root, 'cut')
    diskAfterLoss(power, cut, loss, randomOf(1))
    const { wrong } = await look(join(cut, 'data'), 'fsync')
    t.same(wrong, [], loss)
  }
})

import { join } from 'node:path'
import t from 'tap'
import { Spool } from '#dist/distributor/sending/spool.js'
import { SYSTEM } from '#dist/src/surroundings.js'
import { folder, randomOf } from '../system/harness.js'
import { diskAfterLoss, LOSSES } from './disk.js'
import { runWriter } from './run-writer.js'
import { type PoweredFolder, powered, readUndoLog, undoLibrary, withoutPowerLoss } from './undo-log.js'

const ROUNDS = Number(process.env.JR_TEST_ROUNDS ?? 2)
const SEED = Number(process.env.JR_TEST_SEED ?? Date.now() % 1_000_000)

/** The instance whose jobs had been synced when the power was lost; null: it had not come so far. */
async function write(power: PoweredFolder): Promise<string | null> {
  const said = await runWriter(power, 'spooler.mjs', join(power.dir, 'spool'))
  const lines = said as { synced?: string; failed?: string }[]
  for (const { failed } of lines) if (failed !== undefined) throw new Error(failed)
  return lines[0]?.synced ?? null
}

/** What an app finds there. */
async function look(dir: string) {
  const errors: string[] = []
  const { spool, jobs } = await Spool.open(dir, SYSTEM, (error) => errors.push(error.message))
  await spool.close()
  const whole = jobs.every(({ job }) => job.args.equals(Buffer.alloc(100_000, job.id)))
  const ids = jobs.map(({ job, node }) => (node === null ? job.id : `${job.id} on ${node}`))
  return { instance: spool.instance, ids, errors, whole }
}

t.test(`losses of power while jobs are spooled (seed ${SEED})`, { skip: withoutPowerLoss() }, async (t) => {
  t.setTimeout(240_000 + ROUNDS * 20_000)
  const root = folder(t)
  const library = undoLibrary(root)
  const random = randomOf(SEED)
  const cut = join(root, 'cut')
  const uncut = powered(join(root, 'uncut'), { library, syncMs: 0.5 })
  await write(uncut)
  const undos = readUndoLog(uncut)
  // While the file is rewritten, and anywhere.
  const renames = undos.flatMap(({ kind }, i) => (kind === 'R' ? [i + 1] : []))
  t.ok(renames.length >= 5, `${renames.length} renames`)
  const moments = renames.map((at) => at + Math.floor(random() * 4))
  for (let round = 0; round < ROUNDS; round++) moments.push(1 + Math.floor(random() * undos.length))
  for (const lostAt of new Set(moments)) {
    const power = powered(join(root, String(lostAt)), { library, lostAt, syncMs: random() })
    const synced = await write(power)
    for (const loss of LOSSES) {
      diskAfterLoss(power, cut, loss, random)
      const found = await look(join(cut, 'spool'))
      const name = `${loss}, lost at entry ${lostAt}`
      t.match(found, { errors: [], whole: true }, name)
      t.same(await look(join(cut, 'spool')), found, `${name}: again`)
      if (synced === null) continue
      const ids = found.ids.slice(0, 3)
      t.same([found.instance, ...ids], [synced, 'a', 'b on n1', 'c'], `${name}: what was synced`)
      // One after the other came and went; 'gone' did before the others.
      t.ok(found.ids.length <= 4 && !found.ids.includes('gone'), `${name}: ${found.ids}`)
    }
  }
})

import { createHash } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { repair } from '#dist/src/store/level/repair/repair.js'
import { SYSTEM } from '#dist/src/surroundings.js'
import { jr } from '../cli/jr.js'
import { folder, randomOf, startApp, startNode, toApp } from '../system/harness.js'
import { type Damage, damagesOf, filesIn } from './damage.js'
import { contentOf, differences, filledIn } from './filled.js'

const WHOLE = process.env.JR_TEST_DAMAGE !== undefined
const SEED = Number(process.env.JR_TEST_SEED ?? Date.now() % 1_000_000)
const [FLIPS, CUTS] = WHOLE ? [20, 5] : [1, 1]

const repaired = (dir: string, to: string) => repair({ dir, to, onProgress: () => {} }, SYSTEM)

/** Of all files but the lock. */
function sumOf(dir: string): string {
  const hash = createHash('sha256')
  for (const file of filesIn(dir))
    if (file !== 'owner.pid') hash.update(file).update(readFileSync(join(dir, file)))
  return hash.digest('hex')
}

t.test(`what is whole of a damaged store is in its copy (seed ${SEED})`, async (t) => {
  t.setTimeout(WHOLE ? 3_600_000 : 240_000)
  const root = folder(t)
  const { dir, copy, content } = await filledIn(root)
  const none: Damage = { file: 'nothing', what: 'is damaged', apply: () => {} }
  // Each takes a while: by default every second one, which ones by the seed.
  const all = damagesOf(dir, FLIPS, CUTS, randomOf(SEED)).filter((_, i) => WHOLE || i % 2 === SEED % 2)
  for (const { file, what, apply } of [none, ...all]) {
    if (file === 'owner.pid' || /LOCK|LOG/.test(file)) continue
    const text = `${file} ${what}`
    const to = join(root, 'repaired')
    for (const each of [copy, to]) rmSync(each, { recursive: true, force: true })
    cpSync(dir, copy, { recursive: true })
    apply(copy)
    const before = sumOf(copy)
    const { node, gone, lost, kept } = await repaired(copy, to)
    if (sumOf(copy) !== before) t.fail(`${text}: the original was changed`)
    const after = await contentOf(to)
    if (node !== 'n1' || after.notes.length > 0) t.fail(`${text}: ${node}: ${after.notes.join()}`)
    if (after.wrong.length > 0) t.fail(`${text}: ${after.wrong.slice(0, 3).join('; ')}`)
    const changed = differences(content, after.content)
    if (changed.length > 0 && gone.length + lost.length === 0)
      t.fail(`${text}: without a word: ${changed.slice(0, 3).join('; ')}`)
    if (file === 'nothing') t.same([changed, gone, lost, kept.entries > 0], [[], [], [], true], 'all is kept')
    if (WHOLE) console.error(`${text}: ${changed.length} changed; ${gone.length} lines, ${lost.length} ids`)
  }
  t.pass(`${all.length} damages`)
})

t.test('jr repair says what is gone; the node refuses what is damaged, and starts on the copy', async (t) => {
  const root = folder(t)
  const dir = join(root, 'data')
  const { address } = await startApp(t)
  const node = await startNode(t, 'n1', ['--dir', dir, ...toApp(address)])
  const busy = await jr(['repair', dir, '--to', join(root, 'copy')])
  t.match(busy, { code: 73, err: /is in use/ })
  node.process.kill('SIGKILL')
  await node.exited
  const table = readdirSync(join(dir, 'log')).at(-1) ?? ''
  rmSync(join(dir, 'log', table))
  const refused = startNode(t, 'n1', ['--dir', dir, ...toApp(address)])
  await t.rejects(refused, {
    message: new RegExp(
      `node n1 \\(74\\).*segment \\d+ is not there.*npx job-reactor repair ${dir} --to COPY`,
      's',
    ),
  })
  const copy = join(root, 'copy')
  const { code, out } = await jr(['repair', dir, '--to', copy, '--json'])
  t.equal(code, 1)
  t.match(JSON.parse(out), { node: 'n1', gone: [/segment \d+ is not there/] })
  t.match(await jr(['repair', dir, '--to', copy]), { code: 78, err: /is not empty/ })
  t.match(await jr(['repair', root, '--to', join(root, 'other')]), { code: 78, err: /has no store/ })
  t.match(await jr(['repair', dir]), { code: 2, err: /--to: expected/ })
  const again = await startNode(t, 'n1', ['--dir', copy, ...toApp(address)])
  t.ok(existsSync(join(copy, 'node.json')))
  again.process.kill('SIGTERM')
  t.equal((await again.exited).code, 0)
})

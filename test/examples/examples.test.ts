import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import '../plain-processes.js'

const run = promisify(execFile)

const OUTPUT: Record<string, RegExp> = {
  '01-quick-start': /^Hello, Ada! \(job greet, attempt 1\)\n$/,
  '03-web-app': /\{ state: 'done', thumbnail: 'small-cat\.png' \}\n$/,
  '04-callbacks':
    /^charged, receipt sent, booked\ncannot charge -1 cents; undone: charged; after 2 attempts\n$/,
  // On a machine that stands still for a moment one run stands for those that were missed.
  '05-periodic-report':
    /^(?=run)(run 1: Prague, 7 sold\n)?(run 2: Prague, 14 sold\n)?(run 3: Prague, 21 sold\n)?over: the shop is closed\n$/,
  '06-pinned-nodes':
    /preferred: fast_disk\nrequired: {2}many_cores\nforbidden: fast_disk\nelsewhere: true\n$/,
  '07-many-distributors': /^1 4 9 16 25 36 49 64\n$/,
  '08-game-report': /^3000 rows stored, \d+ players, \d+ minutes played\nthe file has 3000 lines\n$/,
  '09-own-store':
    /^3 jobs are in the log, and no node is there\n6: to be or not to be\n4: that is the question\n1: whether\n$/,
  '11-media-pipeline':
    /^sunrise\.480p, sunrise\.1080p, sunrise\.srt\nsilent film\.480p, silent film\.1080p\nsubtitles failed: nobody speaks in silent film\.mp3\n$/,
  '12-mails': /^News: 2 sent, 2 not: no mail to bob@nowhere; no mail to nobody\n$/,
  '10-nightly-import': /^116 rows of 8 pages; attempt 2 went on with page 5\n$/,
}

t.test('every example is tested', async (t) => {
  const folders = readdirSync('examples', { withFileTypes: true }).filter((entry) => entry.isDirectory())
  // It runs until it is stopped: express.test.ts.
  const others = ['02-typed', '13-express']
  t.same(folders.map(({ name }) => name).sort(), [...Object.keys(OUTPUT), ...others].sort())
})

const OPTIONS = { env: { PATH: process.env.PATH }, timeout: 300_000 }
const cwd = t.testdir({
  // A spare child is made for each node, and no example is about it.
  'jr.config.json': '{ "standbyChildren": 0 }',
})

for (const [name, expected] of Object.entries(OUTPUT)) {
  t.test(name, async (t) => {
    const { stdout, stderr } = await run(process.execPath, [resolve('examples', name, 'app.mjs')], {
      ...OPTIONS,
      cwd,
    })
    t.match(stdout, expected)
    t.equal(stderr, '')
  })
}

const RUNS_TYPESCRIPT = Boolean(Reflect.get(process.features, 'typescript'))

const skip =
  !RUNS_TYPESCRIPT && !existsSync('node_modules/tsx')
    ? 'this Node does not run TypeScript, and tsx is not installed'
    : false

t.test('02-typed runs as it is: with tsx, or by Node itself where it can', { skip }, async (t) => {
  const loader = RUNS_TYPESCRIPT ? [] : ['--import', 'tsx']
  const { stdout } = await run(process.execPath, [...loader, 'examples/02-typed/app.ts'], {
    ...OPTIONS,
  })
  t.equal(stdout, '6 wide, area 42.0\n')
})

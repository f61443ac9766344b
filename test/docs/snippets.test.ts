import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { ENV, type Installed, installPacked } from './packed.js'
import { PAGES, snippetsOf } from './pages.js'
import { programsOf } from './programs.js'
import '../plain-processes.js'

const run = promisify(execFile)
const RUNS_TYPESCRIPT = Boolean(Reflect.get(process.features, 'typescript'))
const TSX = pathToFileURL(resolve('node_modules/tsx/dist/loader.mjs')).href

let installed: Installed
t.before(async () => {
  installed = await installPacked(t)
  // Tools that the pages name, as a project would have them beside the package.
  for (const tool of ['tsx', 'esbuild'])
    symlinkSync(resolve('node_modules', tool), join(installed.dir, 'node_modules', tool))
})

t.test('the package has what it needs, and nothing else; its command runs', async (t) => {
  const { dir, paths } = installed
  for (const path of [
    'dist/index.js',
    'dist/index.d.ts',
    'dist/cli/main.js',
    'dist/cli/demo/jobs/files.js',
    'lua/commit.lua',
    'LICENSE',
    'README.md',
  ]) {
    t.ok(paths.includes(path), `${path} is packed`)
  }
  t.notOk(paths.some((path) => /^(test|src|examples|bench|\.ci)\//.test(path)))
  for (const command of ['jr', 'job-reactor']) {
    const version = await promisify(execFile)(join(dir, 'node_modules/.bin', command), ['--version'], {
      env: ENV,
    })
    t.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
  }
})

t.test('every snippet says what it is in', async (t) => {
  const known = ['js', 'ts', 'sh', 'json', 'yaml', 'ini', 'dockerfile', 'diff', 'text']
  const drawn = ['ARCHITECTURE.md', 'PROTOCOL.md']
  for (const { page, line, language } of PAGES.flatMap(snippetsOf)) {
    if (language !== '' || !drawn.includes(page))
      t.ok(known.includes(language), `${page}:${line}: '${language}'`)
  }
})

for (const { page, line, text, partOf } of PAGES.flatMap(snippetsOf)) {
  if (partOf === null) continue
  t.test(`${page}:${line} is a part of ${partOf}`, async (t) => {
    const bare = (text: string) => text.replaceAll(/^\s+/gm, '')
    t.ok(bare(readFileSync(partOf, 'utf8')).includes(bare(text)))
  })
}

/** Each is run every other day (UTC), those of the README on all; JR_TEST_ALL=1: all of them. */
const DAY_MS = 86_400_000
const turn = process.env.JR_TEST_ALL === undefined ? Math.floor(Date.now() / DAY_MS) % 2 : null
const isOfToday = (title: string, number: number) =>
  turn === null || number % 2 === turn || title.startsWith('README')

let count = 0
for (const program of programsOf(PAGES.flatMap(snippetsOf))) {
  const { title, around, main, notRun } = program
  if (notRun !== null) continue
  const number = ++count
  const skip = !isOfToday(title, number) && "another day's (JR_TEST_ALL=1 runs all)"
  t.test(title, { skip }, async (t) => {
    const dir = join(installed.dir, 'programs', String(number))
    // Children that no program here has a use for.
    const files = { 'jr.config.json': '{ "standbyChildren": 0, "deferredChildren": 0 }', ...program.files }
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, file)), { recursive: true })
      writeFileSync(join(dir, file), text)
    }
    if (main === null)
      throw new Error('it has no app to run: give it one in programs.ts, or say why it is not run')
    const loader = main.endsWith('ts') && !RUNS_TYPESCRIPT ? ['--import', TSX] : []
    const { stdout, stderr } = await run(process.execPath, [...loader, main], {
      cwd: dir,
      env: { ...ENV, ...around.env },
      timeout: 300_000,
    })
    t.match(stdout, around.prints ?? /^$/)
    t.match(stderr, around.logs ?? /^$/)
  })
}

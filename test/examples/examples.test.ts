import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'

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
}

t.test('every example is tested', async (t) => {
  const folders = readdirSync('examples', { withFileTypes: true }).filter((entry) => entry.isDirectory())
  t.same(folders.map(({ name }) => name).sort(), [...Object.keys(OUTPUT), '02-typed'].sort())
})

for (const [name, expected] of Object.entries(OUTPUT)) {
  t.test(name, async (t) => {
    const { stdout, stderr } = await run(process.execPath, [`examples/${name}/app.mjs`], {
      env: { PATH: process.env.PATH },
      timeout: 60_000,
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
    env: { PATH: process.env.PATH },
    timeout: 60_000,
  })
  t.equal(stdout, '6 wide, area 42.0\n')
})

/** Compiled as a user would, in a project that has the package as a dependency. */
async function compile(t: Test, files: readonly string[]): Promise<void> {
  const dir = mkdtempSync(resolve('node_modules/.example-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  cpSync('test/fixtures/typed-project/package.json', join(dir, 'package.json'))
  cpSync('node_modules/@types/node', join(dir, 'node_modules/@types/node'), { recursive: true })
  symlinkSync(resolve('.'), join(dir, 'node_modules/job-reactor'))
  for (const file of ['examples/02-typed/tsconfig.json', ...files])
    cpSync(file, join(dir, basename(file)), { recursive: true })
  await run(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', dir]).catch(({ stdout }) =>
    t.equal(stdout, '', 'no errors'),
  )
}

t.test('02-typed compiles', (t) =>
  compile(
    t,
    ['app.ts', 'jobs.ts', 'reactor_jobs'].map((file) => `examples/02-typed/${file}`),
  ),
)

t.test('with a registry, what is misspelt, missing or of another type does not compile', (t) =>
  compile(
    t,
    ['jobs.ts', 'expected-errors.ts'].map((file) => `test/fixtures/typed-project/${file}`),
  ),
)

t.test('without a registry, any name and any plain object compile', (t) =>
  compile(t, ['test/fixtures/typed-project/undeclared.ts']),
)

t.test('09-own-store keeps the types of the contract', async (t) => {
  const dir = mkdtempSync(resolve('node_modules/.example-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const compilerOptions = { allowJs: true, noEmit: true, noImplicitAny: false, rootDir: resolve('.') }
  writeFileSync(
    join(dir, 'tsconfig.json'),
    JSON.stringify({
      extends: resolve('tsconfig.json'),
      compilerOptions,
      include: [resolve('examples/09-own-store/*.mjs')],
    }),
  )
  await run(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', dir])
})

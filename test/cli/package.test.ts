import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

const run = promisify(execFile)

/** The blocks of code in the README under a heading. */
/** The first two programs on the page: the app, and its job file. */
function blocks(): (string | undefined)[] {
  const text = readFileSync('README.md', 'utf8')
  return [...text.matchAll(/```js\n([\s\S]*?)```/g)].slice(0, 2).map((match) => match[1])
}

t.test("the packed package, installed in an empty project, runs the README's example", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'jr-package-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  // Without the variables that npm and tap set for their own children.
  const env = { PATH: process.env.PATH, HOME: process.env.HOME }
  const npm = (...args: string[]) => run('npm', args, { cwd: dir, env })
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', dir], {
    env,
  })
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }]
  const paths = files.map(({ path }) => path)
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
  writeFileSync(join(dir, 'package.json'), '{ "private": true, "type": "module" }')
  await npm('install', '--prefer-offline', '--no-audit', '--no-fund', join(dir, filename))
  const [app, jobs] = blocks()
  t.ok(app && jobs)
  mkdirSync(join(dir, 'reactor_jobs'))
  writeFileSync(join(dir, 'app.mjs'), app ?? '')
  writeFileSync(join(dir, 'reactor_jobs/resize.mjs'), jobs ?? '')
  const { stdout: said } = await run(process.execPath, ['app.mjs'], { cwd: dir, env, timeout: 60_000 })
  t.equal(said, 'cat.png is 320 wide, made by worker_1\n')
  const version = await run(join(dir, 'node_modules/.bin/jr'), ['--version'], { env })
  t.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
})

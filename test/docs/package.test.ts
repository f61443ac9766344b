import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { ENV, installPacked } from './packed.js'

t.test('the package has what it needs, and nothing else; its command runs', async (t) => {
  const { dir, paths } = await installPacked(t)
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

import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, statSync, symlinkSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { findFiles } from '#dist/cli/demo/files.js'
import { findWrong } from '#dist/cli/demo/findings.js'
import type { Facts } from '#dist/cli/demo/workload.js'
import { CLI, folder, jr } from './jr.js'

const AWKWARD = [
  'plain.txt',
  'with space.txt',
  "it's.txt",
  '$(date) `date`',
  'ž🐎.bin',
  'back\\slash',
  'new\nline',
  '-dash',
  'a',
  'a.b',
  'a folder/x',
  'a folder/deeper/y.js',
  'empty',
]

function awkwardFolder(t: Test): { root: string; bytes: number } {
  const root = folder(t)
  mkdirSync(join(root, 'a folder/deeper'), { recursive: true })
  let bytes = 0
  const write = (name: string | Buffer, text: string) => {
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name)]), text)
    bytes += text.length
  }
  for (const name of AWKWARD)
    write(name, name === 'empty' ? '' : createHash('sha512').update(name).digest('hex').repeat(50))
  // Linux takes any bytes as a name.
  if (process.platform === 'linux') write(Buffer.from('6e6f2d7574662d38ff', 'hex'), 'x')
  for (let i = 0; i < 150; i++) write(`file-${i}`, `${i}`.repeat(i))
  symlinkSync('plain.txt', join(root, 'link'))
  symlinkSync('.', join(root, 'loop'))
  return { root, bytes }
}

async function shell(commands: string): Promise<string[]> {
  const lines = commands.split('\n').filter((line) => line.startsWith('  cd '))
  const run = promisify(execFile)
  return Promise.all(lines.map(async (line) => (await run('sh', ['-c', line])).stdout.trim()))
}

t.test('with kills, on awkward names, and its figures agree with find and sha256sum', async (t) => {
  const { root, bytes } = awkwardFolder(t)
  const TMPDIR = folder(t)
  const { code, out, err } = await jr(['demo', root, '--chaos'], { env: { TMPDIR } })
  t.equal(code, 0, err)
  t.match(out, /All figures agree/)
  t.match(out, /node killed +(once|2 times) with kill -9/)
  const digest = /digest +([0-9a-f]{64})/.exec(out)?.[1]
  const files = AWKWARD.length + 150 + (process.platform === 'linux' ? 1 : 0)
  t.match(out, new RegExp(`files +${files}\n`))
  t.same(await shell(out), [`${files} ${bytes}`, `${digest}  -`])
  t.same(readdirSync(TMPDIR), [], 'nothing is left')
})

t.test('of some of the files, and the figures agree for these', async (t) => {
  const { root } = awkwardFolder(t)
  const { code, out } = await jr(['demo', root, '--max-files', '10'], {
    env: { TMPDIR: folder(t) },
  })
  t.equal(code, 0)
  t.match(out, /files +the first 10 of 16[34] \(--max-files\)/)
  const [count, digest] = await shell(out)
  t.match(count, /^10 /)
  t.match(out, (digest ?? '').slice(0, 64))
})

t.test('as JSON, and --keep leaves the data', async (t) => {
  const root = folder(t)
  writeFileSync(join(root, 'one'), 'one')
  const { code, out, err } = await jr(['demo', root, '--json', '--keep'], { env: { TMPDIR: folder(t) } })
  t.equal(code, 0)
  t.match(JSON.parse(out), {
    files: 1,
    bytes: 3,
    errors: 1,
    retries: 3,
    periodicRuns: 3,
    kills: 0,
    wrong: [],
  })
  const kept = /data are in (.*)/.exec(err)?.[1] ?? ''
  t.ok(statSync(join(kept, 'node')).isDirectory())
})

t.test('Ctrl-C ends it the first time, and nothing is left', async (t) => {
  for (const when of ['at once', 'when jobs run']) {
    const TMPDIR = folder(t)
    const vars = [`PATH=${process.env.PATH}`, `TMPDIR=${TMPDIR}`]
    const watcher = watch(TMPDIR)
    t.teardown(() => watcher.close())
    const begun = new Promise((done) => watcher.once('change', done))
    const child = spawn('env', ['-i', ...vars, process.execPath, CLI, 'demo', 'node_modules'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    t.teardown(() => child.kill('SIGKILL'))
    const working = new Promise((done) => child.stderr.once('data', done))
    const exited = new Promise<number | null>((done) => child.once('exit', done))
    await (when === 'at once' ? begun : working)
    child.kill('SIGINT')
    t.equal(await exited, 1, when)
    t.same(readdirSync(TMPDIR), [], when)
  }
})

t.test('files come in the order of their bytes, however the folders lie', async (t) => {
  const { root } = awkwardFolder(t)
  const { files, unreadable, all } = await findFiles(root)
  const paths = files.map(({ path }) => path)
  t.same(paths, [...paths].sort(Buffer.compare))
  t.same({ unreadable, all }, { unreadable: 0, all: true })
})

t.test('what is wrong is said', async (t) => {
  const file = { path: Buffer.from('/a'), shown: 'a', bytes: 3 }
  const good: Facts = {
    files: 1,
    jobs: 6,
    results: new Map([[file, { sha256: '', bytes: 3, gzipped: 23 }]]),
    entropies: new Map(),
    ended: new Map(['1', '2', '3', '4', '5', '6'].map((id) => [id, 1])),
    successes: 4,
    errors: 1,
    retries: 3,
    ticks: 3,
    tickEnd: 'JR_CANCELLED',
    lateMs: 0,
    pinnedTo: 'n',
    flakyAttempts: 3,
    hopelessEnd: 'JR_JOB_FAILED: this job fails on purpose',
    kills: 0,
    surprises: [],
  }
  const expected = { files: [file], chaos: false, node: 'n', restarts: 0 }
  t.same(findWrong(good, expected), [])
  const cases: [Partial<Facts>, RegExp][] = [
    [{ results: new Map() }, /no digest of a/],
    [{ results: new Map([[file, { sha256: '', bytes: 4, gzipped: 23 }]]) }, /had 3 bytes, and 4/],
    [{ ended: new Map([...good.ended].slice(1)) }, /without a last feedback: 1/],
    [{ ended: new Map([...good.ended, ['1', 2]]) }, /more than one last feedback: 1/],
    [{ successes: 3 }, /3 of 4 jobs succeeded/],
    [{ errors: 2 }, /failed: 2/],
    [{ retries: 4 }, /retries: 4/],
    [{ ticks: 2 }, /periodic job: 2/],
    [{ tickEnd: 'JR_JOB_FAILED' }, /ended as 'JR_JOB_FAILED'/],
    [{ lateMs: -1 }, /-1 ms after its time/],
    [{ pinnedTo: 'm' }, /ran on 'm'/],
    [{ flakyAttempts: 2 }, /at attempt 2/],
    [{ hopelessEnd: '' }, /hopeless job ended as ''/],
    [{ surprises: ['oh'] }, /oh/],
  ]
  for (const [facts, message] of cases) {
    const wrong = findWrong({ ...good, ...facts }, expected)
    t.equal(wrong.length, 1)
    t.match(wrong[0], message)
  }
  t.match(findWrong(good, { ...expected, restarts: 1 }), [/ended by itself: 1/])
  t.match(findWrong(good, { ...expected, chaos: true }), ['the node was not killed'])
})

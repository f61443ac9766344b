import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { SpawnedChild } from '#dist/node/executors/children/child.js'
import { systemClock } from '#dist/src/clock.js'
import { silentLogger } from '#dist/src/logger.js'
import { folder, startApp } from './harness.js'

const JR = pathToFileURL(join(process.cwd(), 'dist/index.js')).href
const IMPORT = `import { job } from '${JR}'\n`

function jobFolder(t: Test, files: Record<string, string>): string {
  const dir = join(folder(t), 'jobs')
  mkdirSync(dir)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), IMPORT + text)
  return dir
}

t.test('a job file that cannot be used is named with its error by spawnNode', async (t) => {
  const { app } = await startApp(t)
  const cases: [string, Record<string, string>, RegExp][] = [
    ['it throws', { 'a.mjs': "throw new Error('at its top')" }, /job file \S+a\.mjs: Error: at its top/],
    [
      'it is no JavaScript',
      { 'a.mjs': "job('fine', () => {})", 'b.mjs': 'const = 5' },
      /job file \S+b\.mjs: .*SyntaxError/s,
    ],
    [
      'it imports what is not there',
      { 'c.mjs': "import './missing.mjs'" },
      /job file \S+c\.mjs: .*missing\.mjs/s,
    ],
    [
      'it rejects at its top',
      { 'd.mjs': "await Promise.reject(new Error('late'))" },
      /job file \S+d\.mjs: Error: late/,
    ],
    [
      'two define one job',
      { 'one.mjs': "job('mine', () => 1)", 'two.mjs': "job('other', () => {})\njob('mine', () => 2)" },
      /job 'mine' is defined by two job files: \S+one\.mjs and \S+two\.mjs/,
    ],
    [
      'an option is wrong',
      { 'e.mjs': "job('odd', { timeout: 'soon' }, () => {})" },
      /job file \S+e\.mjs: job\('odd'\): option timeout/,
    ],
    [
      'a limit is wrong',
      { 'f.mjs': "job('odd', { rate: { limit: 0, per: '1m' } }, () => {})" },
      /job file \S+f\.mjs: job\('odd'\): option rate\.limit: expected a whole number from 1/,
    ],
    [
      'an option does not exist',
      { 'g.mjs': "job('odd', { concurency: 1 }, () => {})" },
      /job file \S+g\.mjs: job\('odd'\): option concurency: no such option; known: defer, .*concurrency/,
    ],
  ]
  for (const [what, files, message] of cases) {
    const spawned = app.spawnNode({
      name: 'n1',
      jobs: jobFolder(t, files),
      dir: join(folder(t), 'data'),
      logLevel: 'silent',
    })
    await t.rejects(spawned, { code: 'JR_CHILD_START', message }, what)
    const error: Error = await spawned.then(
      () => new Error('none'),
      (thrown) => thrown,
    )
    t.match(error.cause, { code: 'JR_CHILD_START', message }, `${what}: the error of the node is the cause`)
  }
})

t.test('a job file may define its own job anew', async (t) => {
  const { app } = await startApp(t)
  const jobs = jobFolder(t, { 'a.mjs': "job('mine', () => 1)\njob('mine', () => 2)" })
  await app.spawnNode({ name: 'n1', jobs, dir: join(folder(t), 'data'), logLevel: 'silent' })
  t.match(await app.enqueue('mine').result(), { result: 2 })
})

const START_MS = 60_000

for (const [what, text] of [
  ['waits for ever at its top', 'await new Promise(() => {})'],
  ['works for ever at its top', 'for (;;);'],
] as const) {
  t.test(`a job file that ${what} is named`, async (t) => {
    const jobs = jobFolder(t, {
      'a.mjs': "job('fine', () => {})",
      'hangs.mjs': `console.log('here')\n${text}`,
    })
    // The time is up when the file is at work, however fast this machine is.
    let timeUp = () => {}
    const setTimer = (ms: number, fn: () => void) => {
      if (ms === START_MS) timeUp = fn
      return systemClock.setTimer(ms, fn)
    }
    const output = () => setImmediate(() => timeUp())
    const why = await new Promise<string>((resolve) => {
      const child = new SpawnedChild(
        {
          init: {
            type: 'init',
            jobs,
            imports: false,
            withheld: [],
            dataDir: '',
            node: 'n1',
            maxArgs: 1024,
            maxResult: 1000,
            mergeJobItself: false,
          },
          env: {},
          imports: [],
          maxFrame: 1 << 20,
          startTimeoutMs: START_MS,
        },
        {
          onReady: () => resolve('it is ready'),
          onWithheld: () => {},
          onMessages: () => {},
          onRoom: () => {},
          onGone: (_, text) => resolve(text),
        },
        { ...systemClock, setTimer },
        { ...silentLogger, output },
      )
      t.teardown(() => child.kill())
    })
    t.match(why, /it was not ready within 60 s: job file \S+hangs\.mjs is still being loaded/)
  })
}

t.test('what an attempt throws is in the app, the record and the log with its code and stack', async (t) => {
  const { app } = await startApp(t)
  const jobs = jobFolder(t, {
    'a.mjs': `
      job('fails', () => { throw Object.assign(new Error('no'), { code: -13, status: 404, detail: { a: [1] } }) })
      job('several', () => { throw new AggregateError([new Error('one'), Object.assign(new Error('two'), { n: 2 })], 'both') })
      job('object', () => { throw { status: 500 } })
      job('symbol', () => { throw Symbol('why') })
      job('logs', (args, ctx) => {
        const circle = {}
        circle.self = circle
        ctx.log.info('facts', { circle, big: 5n, get bad() { throw new Error('in the getter') }, f: () => {} })
        ctx.log.warn(undefined)
        ctx.log.error(5n, new Proxy({}, { ownKeys() { throw new Error('no') } }))
        ctx.log.debug(Symbol('s'), 7)
        return 'logged'
      })`,
  })
  await app.spawnNode({ name: 'n1', jobs, dir: join(folder(t), 'data'), logLevel: 'silent', maxAttempts: 1 })
  const handle = app.enqueue('fails')
  await t.rejects(handle.result(), {
    message: 'no',
    code: -13,
    status: 404,
    detail: { a: [1] },
    stack: /a\.mjs:/,
  })
  t.match(await app.monitor().load(handle.id), {
    lastError: 'no',
    lastCode: '-13',
    lastStack: /Error: no\n.*a\.mjs:/s,
  })
  const both: unknown = await app
    .enqueue('several')
    .result()
    .catch((error) => error)
  t.ok(both instanceof AggregateError)
  t.match(both, {
    message: 'both',
    code: 'JR_JOB_FAILED',
    errors: [{ message: 'one' }, { message: 'two', n: 2 }],
  })
  await t.rejects(app.enqueue('object').result(), {
    message: 'an object was thrown: {"status":500}',
    code: 'JR_JOB_FAILED',
    cause: { status: 500 },
  })
  await t.rejects(app.enqueue('symbol').result(), { message: 'a symbol was thrown: Symbol(why)' })
  t.match(await app.enqueue('logs').result(), { result: 'logged' })
})

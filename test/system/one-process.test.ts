import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { JR } from '#dist/index.js'
import { folder, JOBS, startApp } from './harness.js'

const PACKAGE = pathToFileURL(resolve('dist/index.js')).href
const SECRET = '0123456789abcdef0123456789abcdef'

t.test(
  'startDistributor, then startNode: they find each other, with a secret too, and stop ends both',
  async (t) => {
    const secret = join(folder(t), 'secret')
    writeFileSync(secret, SECRET, { mode: 0o600 })
    for (const more of [[], [secret]]) {
      const script = [resolve('test/fixtures/one-process.mjs'), JOBS, ...more]
      const env = { PATH: process.env.PATH }
      const { stdout } = await promisify(execFile)(process.execPath, script, { env, timeout: 60_000 })
      t.equal(stdout, 'n1 stopped\n')
    }
  },
)

t.test('a node that the app spawns has the secret of the app', async (t) => {
  const secretFile = join(folder(t), 'secret')
  writeFileSync(secretFile, SECRET, { mode: 0o600 })
  const { app } = await startApp(t, { secretFile })
  await app.spawnNode({ name: 'n1', jobs: JOBS, store: 'memory', logLevel: 'silent' })
  t.match(await app.enqueue('echo', { value: 1 }).result(), { echoed: 1 })
})

t.test('startNode without an address, and no distributor runs: it says what to do', async (t) => {
  await t.rejects(JR.startNode({ name: 'n1', jobs: JOBS, store: 'memory' }), {
    code: 'JR_BAD_CONFIG',
    message: /nobody can reach this node: .*`await JR.startDistributor\(\)` before JR.startNode/,
  })
})

t.test('stop while the node starts: startNode rejects', async (t) => {
  await JR.startDistributor({ logLevel: 'silent' })
  const node = JR.startNode({ name: 'n1', jobs: JOBS, store: 'memory', logLevel: 'silent' })
  const refused = t.rejects(node, { code: 'JR_STOPPED', message: /node 'n1' had not connected yet/ })
  await JR.stop()
  await refused
})

t.test('JR.enqueue inside a job says what to call', async (t) => {
  const jobs = join(folder(t), 'jobs')
  mkdirSync(jobs)
  const text = `import { JR, job } from '${PACKAGE}'\njob('asks', () => { JR.enqueue('echo') })\n`
  writeFileSync(join(jobs, 'asks.mjs'), text)
  const { app } = await startApp(t)
  await app.spawnNode({ name: 'n1', jobs, store: 'memory', logLevel: 'silent' })
  await t.rejects(app.enqueue('asks', {}, { maxAttempts: 1 }).result(), {
    code: 'JR_NOT_STARTED',
    message: /`ctx\.enqueue\(name, args\)`/,
  })
})

t.test(
  'what killed apps have left in the temporary directory is cleared by the next life, and nothing else',
  async (t) => {
    const dir = folder(t)
    const TMPDIR = join(dir, 'tmp')
    mkdirSync(TMPDIR)
    mkdirSync(join(dir, 'log'))
    const left = () => readdirSync(TMPDIR).filter((name) => name.startsWith('job-reactor-'))
    const age = (name: string) => utimesSync(join(TMPDIR, name, 'app.sock'), 0, 0)
    const start = async () => {
      const script = [resolve('test/fixtures/spawning-app.mjs'), join(dir, 'data'), join(dir, 'log'), JOBS]
      const app = spawn(process.execPath, script, {
        env: { PATH: process.env.PATH, TMPDIR },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      t.teardown(() => app.kill('SIGKILL'))
      await once(createInterface({ input: app.stdout }), 'line')
      return app
    }
    const first = await start()
    const [crashed = ''] = left()
    first.kill('SIGKILL')
    await once(first, 'exit')
    age(crashed)

    const socketIn = async (name: string, alive: boolean) => {
      const path = join(TMPDIR, name, 'app.sock')
      mkdirSync(join(TMPDIR, name))
      const server = createServer()
      server.listen(alive ? path : `${path}.new`)
      await once(server, 'listening')
      t.teardown(() => server.close())
      if (alive) return
      // A server removes its file by its name.
      renameSync(`${path}.new`, path)
      server.close()
    }
    await socketIn('job-reactor-alive1', true)
    age('job-reactor-alive1')
    await socketIn('job-reactor-young1', false)
    await socketIn('job-reactor-shared', false)
    age('job-reactor-shared')
    writeFileSync(join(TMPDIR, 'job-reactor-shared', 'notes'), '')
    mkdirSync(join(TMPDIR, 'job-reactor-begun1'))
    await socketIn('job-reactor-of-mine', false)
    age('job-reactor-of-mine')
    const before = left()

    await start()
    t.same(
      before.filter((name) => !left().includes(name)),
      [crashed],
    )
    t.same(readdirSync(join(TMPDIR, 'job-reactor-shared')), ['notes'])
    t.same(readdirSync(join(TMPDIR, 'job-reactor-of-mine')), ['app.sock'])
  },
)

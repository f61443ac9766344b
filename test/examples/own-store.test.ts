import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t, { type Test } from 'tap'
import { startNode } from '#dist/node/index.js'
import { IMMEDIATE } from '#dist/src/job/lane.js'
import { type Change, type JrError, memoryStore, type Opened, type Store } from '#dist/src/store/index.js'
import { record } from '../node/records.js'
import { event, folder, JOBS, randomOf, readLog, startApp } from '../system/harness.js'
import { check, type Entry } from '../system/history.js'

const example: string = '../../examples/09-own-store/file-store.mjs'
const { fileStore } = (await import(example)) as { fileStore(dir: string): Store }

const ROUNDS = 3
const JOBS_A_ROUND = 200
const SEED = Number(process.env.JR_TEST_SEED ?? Date.now() % 1_000_000)

const insert = (n: number): Change => {
  const job = record({ id: `j${n}`, seq: n, args: Buffer.alloc(100, n) })
  return { kind: 'insert', job, ownId: false, number: n }
}

/** A closed store with jobs 1 to 5, each written in a group of its own. */
async function written(t: Test): Promise<{ dir: string; log: string; sizes: number[] }> {
  const dir = folder(t)
  const log = join(dir, 'jobs.log')
  const store = fileStore(dir)
  await store.open('n1')
  const sizes = [statSync(log).size]
  for (let n = 1; n <= 5; n++) {
    await store.commit([insert(n)], true)
    sizes.push(statSync(log).size)
  }
  await store.close()
  return { dir, log, sizes }
}

async function reopened(dir: string): Promise<{ opened: Opened; jobs: string[] }> {
  const store = fileStore(dir)
  const opened = await store.open('n1')
  const jobs = (await store.waiting(IMMEDIATE, null, 100, 1e9)).map(({ id }) => id)
  await store.close()
  return { opened, jobs }
}

t.test('a torn tail is cut off, wherever it is torn, and said', async (t) => {
  const { dir, log, sizes } = await written(t)
  const whole = readFileSync(log)
  for (let size = (sizes[4] ?? 0) + 1; size < whole.length; size += 7) {
    writeFileSync(log, whole.subarray(0, size))
    const { opened, jobs } = await reopened(dir)
    t.same(jobs, ['j1', 'j2', 'j3', 'j4'])
    t.match(opened.notes, [/bytes of a group that was not written whole were cut off/])
  }
  // Longer already, but without what was to be in it.
  writeFileSync(log, whole)
  truncateSync(log, sizes[4])
  appendFileSync(log, Buffer.alloc(200))
  t.same((await reopened(dir)).jobs, ['j1', 'j2', 'j3', 'j4'])
  const again = await reopened(dir)
  t.same(again.jobs, ['j1', 'j2', 'j3', 'j4'])
  t.same(again.opened.notes, [], 'it is written anew at every opening')
})

t.test('damage before the end is no torn tail', async (t) => {
  const { dir, log, sizes } = await written(t)
  const bytes = readFileSync(log)
  const at = (sizes[2] ?? 0) + 20
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(log, bytes)
  await t.rejects(fileStore(dir).open('n1'), { code: 'JR_STORE_CORRUPT', message: /before its end/ })
  bytes[5] = (bytes[5] ?? 0) ^ 1
  writeFileSync(log, bytes)
  await t.rejects(fileStore(dir).open('n1'), { code: 'JR_STORE_CORRUPT' })
})

t.test('the folder is for one node, and for one process', async (t) => {
  const { dir } = await written(t)
  await t.rejects(fileStore(dir).open('n2'), { code: 'JR_BAD_CONFIG', message: /belongs to node 'n1'/ })
  const store = fileStore(dir)
  await store.open('n1')
  await t.rejects(fileStore(dir).open('n1'), { code: 'JR_STORE_LOCKED' })
  await store.close()
})

t.test(`kill -9 of the node while jobs flow, ${ROUNDS} times (seed ${SEED})`, async (t) => {
  const dir = folder(t)
  const log = join(dir, 'log')
  mkdirSync(log)
  const path = join(dir, 'app.sock')
  const { app } = await startApp(t, { path })
  const random = randomOf(SEED)
  const history: Entry[] = []
  const start = async () => {
    const flags = [resolve('test/fixtures/own-store-node.mjs'), join(dir, 'data'), path, JOBS]
    const connected = event(app, 'node:connected')
    const node = spawn('env', ['-i', process.execPath, ...flags], { stdio: 'ignore' })
    t.teardown(() => node.kill('SIGKILL'))
    await connected
    return node
  }
  let node = await start()
  for (let round = 0; round < ROUNDS; round++) {
    const killAt = Math.floor(random() * JOBS_A_ROUND)
    let accepted = 0
    const hit = new Promise<void>((now) => {
      for (let i = 0; i < JOBS_A_ROUND; i++) {
        const name = random() < 0.5 ? 'record' : 'record_slow'
        const told = (state: string) => (): unknown =>
          history.push({ ev: 'feedback', job: handle.id, t: Date.now(), state, life: 1 })
        const args = { log, payload: i }
        const handle = app.enqueue(
          name,
          args,
          i % 5 ? {} : { after: '50ms' },
          told('completed'),
          told('failed'),
        )
        history.push({ ev: 'submit', job: handle.id, t: Date.now(), max: 10 })
        handle.accepted.then(() => {
          history.push({ ev: 'accepted', job: handle.id, t: Date.now() })
          if (accepted++ === killAt) now()
        }, t.threw)
      }
    })
    await hit
    node.kill('SIGKILL')
    await once(node, 'exit')
    history.push({ ev: 'fault', t: Date.now(), what: 'kill' })
    node = await start()
    const told = () => history.filter(({ ev }) => ev === 'feedback').length
    while (told() < (round + 1) * JOBS_A_ROUND) await event(app, 'job:completed')
  }
  t.same(check([...history, ...readLog(log)]).slice(0, 5), [])
})

t.test(
  'a store of which a commit fails ends its node, and nothing is acknowledged from then on',
  async (t) => {
    const store = memoryStore()
    const commit = store.commit.bind(store)
    let broken = false
    store.commit = async (changes, durable) => {
      if (broken) throw new Error('the disk is gone')
      return commit(changes, durable)
    }
    const { app, address } = await startApp(t)
    const node = await startNode({
      name: 'n1',
      store,
      jobs: JOBS,
      distributors: [address],
      logLevel: 'silent',
    })
    t.teardown(() => node.stop({ timeoutMs: 0 }))
    const failed = new Promise<JrError>((said) => node.on('node:failed', said))
    await app.enqueue('echo', { value: 1 }).result()
    broken = true
    const handle = app.enqueue('echo', { value: 2 })
    let accepted = false
    handle.accepted.then(() => {
      accepted = true
    }, t.threw)
    t.match(await failed, { code: 'JR_STORE', message: /the disk is gone/ })
    t.match(await node.stopped, { reason: 'failed', error: { code: 'JR_STORE' } })
    t.equal(accepted, false)
    await t.rejects(store.counts(), { code: 'JR_STORE_CLOSED' }, 'the node has closed it')
    broken = false
    const again = await startNode({
      name: 'n1',
      store,
      jobs: JOBS,
      distributors: [address],
      logLevel: 'silent',
    })
    t.equal((await handle.result()).echoed, 2, 'the app had kept it')
    await again.stop()
  },
)

t.test('what is no store is refused', async (t) => {
  const lacking = { kind: 'mine', open() {}, commit() {} } as unknown as Store
  await t.rejects(startNode({ name: 'n1', store: lacking, jobs: JOBS, logLevel: 'silent' }), {
    name: 'TypeError',
    message: /option store: expected a Store .*it has no waiting\(\), load\(\), list\(\)/,
  })
  const { app } = await startApp(t)
  await t.rejects(app.spawnNode({ name: 'n1', store: memoryStore() } as never), {
    message: /give it to startNode/,
  })
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, watch } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Distributor } from '#dist/distributor/index.js'
import { alive, event, folder, JOBS, readLog, startApp, startNode, toApp, until } from './harness.js'
import { check, type Entry } from './history.js'

/** Between an app and a node: passes bytes on, and cuts when it is told to. */
async function proxy(
  t: Test,
  port: number,
): Promise<{ port: number; cut(): void; cutAfter(bytes: number): void; links(): number }> {
  const sockets = new Set<Socket>()
  let links = 0
  let left = Number.POSITIVE_INFINITY
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  const server: Server = createServer((near) => {
    links++
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.on('data', (chunk: Buffer) => {
        if (chunk.length <= left) {
          left -= chunk.length
          to.write(chunk)
          return
        }
        to.write(chunk.subarray(0, left))
        left = Number.POSITIVE_INFINITY
        setImmediate(cut)
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    cut()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    cut,
    cutAfter: (bytes) => {
      left = bytes
    },
    links: () => links,
  }
}

t.test('connections that are cut after any number of bytes: nothing lost, nothing twice', async (t) => {
  const dir = folder(t)
  const log = join(dir, 'log')
  mkdirSync(log)
  const { app, address } = await startApp(t)
  if (!('port' in address)) throw new Error('no port')
  const through = await proxy(t, address.port)
  await startNode(t, 'n1', ['--distributors', `127.0.0.1:${through.port}`, '--dir', join(dir, 'data')])
  await app.ready
  const history: Entry[] = []
  for (let bytes = 0; bytes < 4000; bytes += 61) {
    const back = bytes === 0 ? Promise.resolve() : event(app, 'node:connected')
    if (bytes > 0) through.cutAfter(bytes)
    const jobs = Array.from({ length: 10 }, () => {
      return new Promise<void>((done) => {
        const told = (state: string) => () => {
          history.push({ ev: 'feedback', job: handle.id, t: Date.now(), state, life: 1 })
          done()
        }
        const handle = app.enqueue('record', { log }, {}, told('completed'), told('failed'))
        history.push(
          { ev: 'submit', job: handle.id, t: Date.now() },
          { ev: 'accepted', job: handle.id, t: Date.now() },
        )
      })
    })
    await Promise.all(jobs)
    // What is left of the count is used up by heartbeats otherwise.
    if (bytes > 0) through.cut()
    await back
  }
  // A cut is no reason to run a job again: no fault is written down.
  const violations = check([...history, ...readLog(log)])
  t.same(violations.slice(0, 5), [])
  t.ok(through.links() > 50, `${through.links()} connections were made`)
  t.equal(readLog(log).filter(({ ev }) => ev === 'begin').length, history.length / 3, 'each ran once')
})

t.test('a node that is gone: after the doubt its jobs run elsewhere, once', async (t) => {
  const dir = folder(t)
  const { app, address } = await startApp(t, { doubtTimeout: '200ms', heartbeat: '50ms' })
  const flags = (name: string) => [...toApp(address), '--dir', join(dir, name), '--heartbeat', '50ms']
  const first = await startNode(t, 'n1', flags('n1'))
  await app.ready
  // It no longer answers, and has not accepted: nobody can know whether it has the job.
  first.process.kill('SIGSTOP')
  const result = app.enqueue('facts').result()
  const pinned = app.enqueue('facts', {}, { node: 'n1', strictNode: true }).result()
  await event(app, 'node:disconnected')
  await startNode(t, 'n2', flags('n2'))
  t.match(await result, { facts: { node: 'n2' } })
  first.process.kill('SIGCONT')
  t.match(await pinned, { facts: { node: 'n1' } }, 'a strict pin waited')
})

t.test('an app that is killed: its outcomes go to the next life of it, by named feedbacks', async (t) => {
  const dir = folder(t)
  const app = (...args: string[]) => {
    const child = spawn(
      'env',
      ['-i', `PATH=${process.env.PATH}`, process.execPath, resolve('test/fixtures/killed-app.mjs'), ...args],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    t.teardown(() => {
      child.kill('SIGKILL')
    })
    const lines: string[] = []
    let wake: () => void = () => {}
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      lines.push(...text.split('\n').filter(Boolean))
      wake()
    })
    const until = async (test: () => boolean) => {
      while (!test()) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
    return { child, lines, until }
  }
  const socket = join(dir, 'app.sock')
  await startNode(t, 'n1', ['--distributors', socket, '--dir', join(dir, 'data'), '--outcome-grace', '100ms'])
  const first = app(socket, '50')
  await first.until(() => first.lines.includes('accepted'))
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')
  const heard = first.lines.filter((line) => line.startsWith('done '))
  const second = app(socket, '0')
  await second.until(
    () => new Set([...heard, ...second.lines.filter((line) => line.startsWith('done '))]).size === 50,
  )
  t.same([...new Set([...heard, ...second.lines.filter((line) => line.startsWith('done '))])].length, 50)
  t.ok(
    second.lines.some((line) => line.startsWith('done ')),
    'the second life heard of some',
  )
})

t.test('an app that is killed: the node that it had started ends what runs, then itself', async (t) => {
  const dir = folder(t)
  const log = join(dir, 'log')
  mkdirSync(log)
  const file = resolve('test/fixtures/spawning-app.mjs')
  const app = spawn(process.execPath, [file, join(dir, 'data'), log, JOBS], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => {
    app.kill('SIGKILL')
  })
  const [text] = await once(app.stdout.setEncoding('utf8'), 'data')
  const pid = Number(/node (\d+)/.exec(text)?.[1])
  t.teardown(() => {
    if (alive(pid)) process.kill(pid, 'SIGKILL')
  })
  const written = watch(log)
  t.teardown(() => written.close())
  while (readLog(log).length === 0) await once(written, 'change')
  app.kill('SIGKILL')
  while (!readLog(log).some(({ ev }) => ev === 'end')) await once(written, 'change')
  t.same(
    readLog(log).map(({ ev }) => ev),
    ['begin', 'end'],
    'the job that ran when the app was killed has run to its end',
  )
  await until(() => !alive(pid))
  t.pass('the node has ended')
})

t.test('a spool: jobs without a node outlive the app', async (t) => {
  const dir = folder(t)
  const socket = join(dir, 'app.sock')
  const spool = join(dir, 'spool')
  const first = spawn(process.execPath, [resolve('test/fixtures/spooling-app.mjs'), socket, spool], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => {
    first.kill('SIGKILL')
  })
  await once(first.stdout, 'data')
  first.kill('SIGKILL')
  await once(first, 'exit')
  const app = new Distributor({ path: socket, spool, logLevel: 'silent' })
  t.teardown(() => app.stop({ timeout: 0 }))
  const values: unknown[] = []
  const all = new Promise<void>((done) => {
    app.feedback('echo', {
      success: (args) => {
        values.push(args.echoed)
        if (values.length === 20) done()
      },
    })
  })
  await app.start()
  const other = new Distributor({ spool, logLevel: 'silent' })
  await t.rejects(other.start(), { code: 'JR_STORE_LOCKED' })
  await startNode(t, 'n1', ['--distributors', socket, '--dir', join(dir, 'data')])
  await all
  t.same(
    values,
    Array.from({ length: 20 }, (_, i) => i),
    'all of them, in order',
  )
  t.same(await app.stop(), { notAccepted: 0 })
})

t.test('stopping the app says how many jobs were not accepted', async (t) => {
  const { app } = await startApp(t)
  const told: string[] = []
  const handle = app.enqueue('echo', {}, {}, undefined, (args) => told.push(args.error.code))
  t.same(await app.stop({ timeout: 10 }), { notAccepted: 1 })
  await t.rejects(handle.accepted, { code: 'JR_STOPPED' })
  t.same(told, ['JR_STOPPED'])
  t.throws(() => app.enqueue('echo'), { code: 'JR_NOT_STARTED' })
  t.same(await app.stop(), { notAccepted: 0 })
})

t.test('a node restarts: due times keep, missed slots follow the policy', async (t) => {
  const dir = folder(t)
  const { app, address } = await startApp(t)
  const flags = [...toApp(address), '--dir', join(dir, 'data')]
  const first = await startNode(t, 'n1', flags)
  const due = Date.now() + 1500
  const delayed = app.enqueue('facts', {}, { runAt: due })
  const result = delayed.result()
  const runs: Record<string, number[]> = { once: [], skip: [], all: [] }
  const schedules = Object.keys(runs).map((missed) =>
    app.enqueue('counts', { runs: 1e9 }, { period: '100ms', missed: missed as 'once' }, (_args, info) =>
      runs[missed]?.push(info.run),
    ),
  )
  await Promise.all([delayed, ...schedules].map(({ accepted }) => accepted))
  while (Object.values(runs).some((seen) => seen.length < 2)) await event(app, 'job:completed')
  const gone = event(app, 'node:disconnected')
  process.kill(first.pid, 'SIGKILL')
  await gone
  // Only time makes slots pass: these are missed.
  await sleep(450)
  await startNode(t, 'n1', flags)
  const { facts } = await result
  t.ok(facts)
  t.ok(Date.now() >= due, 'not early')
  while (Object.values(runs).some((seen) => seen.length < 9)) await event(app, 'job:completed')
  await Promise.all(schedules.map((handle) => handle.cancel()))
  const gaps = (seen: number[] = []) => seen.slice(1).map((run, i) => run - (seen[i] ?? 0))
  for (const seen of Object.values(runs)) t.equal(new Set(seen).size, seen.length, 'no slot ran twice')
  t.ok(
    gaps(runs.all).every((gap) => gap === 1),
    `all: ${runs.all}`,
  )
  t.ok(
    gaps(runs.once).some((gap) => gap > 2),
    `once: ${runs.once}`,
  )
  t.ok(
    gaps(runs.skip).some((gap) => gap > 2),
    `skip: ${runs.skip}`,
  )
})

t.test('malformed input at the port of a node harms nobody', async (t) => {
  const node = await startNode(t, 'n1', ['--listen', '127.0.0.1:0', '--dir', folder(t)])
  const [host = '', port = ''] = node.address.split(':')
  const app = new Distributor({ nodes: [node.address], logLevel: 'silent' })
  t.teardown(() => app.stop({ timeout: 0 }))
  await app.start()
  await app.ready
  const probes = [
    'GET / HTTP/1.1\r\n\r\n',
    '\x16\x03\x01\x02\x00',
    'JRP1\xff\xff\xff\xff',
    'JRP1\0\0\0\x05\xc1\xc1\xc1\xc1\xc1',
    'x'.repeat(100_000),
  ]
  for (let round = 0; round < 40; round++) {
    const socket = connect(Number(port), host)
    socket.on('error', () => {})
    socket.resume()
    const probe = probes[round % probes.length] ?? ''
    socket.write(Buffer.from(probe, 'latin1'))
    const closed = new Promise((done) => socket.once('close', done))
    t.equal((await app.enqueue('echo', { value: round }).result()).echoed, round)
    await closed
  }
  t.equal(app.nodes()[0]?.status, 'running')
  t.same(
    node.log.filter((line) => line.includes('node:failed')),
    [],
  )
})

t.test('jobs directory, spawned: a node that cannot start says why', async (t) => {
  const { app } = await startApp(t)
  const options = { name: 'n1', jobs: join(JOBS, 'nowhere'), dir: folder(t) }
  await t.rejects(app.spawnNode(options), {
    code: 'JR_CHILD_START',
    message: /cannot read the job directory/,
  })
  await t.rejects(app.spawnNode({ ...options, nonsense: 1 } as never), {
    message: /nonsense: no such option/,
  })
})

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { Distributor } from '#dist/distributor/index.js'
import { parseAddress } from '#dist/src/wire/address.js'
import { jr } from '../cli/jr.js'
import { event, folder, startApp, startNode, toApp, until } from './harness.js'

const run = promisify(execFile)

for (const store of ['level', 'memory']) {
  t.test(`the jobs of two nodes, ${store} store`, async (t) => {
    const dir = folder(t)
    const { app, address } = await startApp(t)
    const flags = (name: string) => [...toApp(address), '--store', store, '--dir', join(dir, name)]
    for (const name of ['n1', 'n2']) {
      const connected = event(app, 'node:connected')
      await startNode(t, name, flags(name))
      await connected
    }
    const monitor = app.monitor()
    const later = (node: string, value: number) =>
      app.enqueue('echo', { value, big: 2n ** 70n }, { node, strictNode: true, after: '1h' })
    const jobs = ['n1', 'n2', 'n1', 'n2', 'n1'].map(later)
    const ended = jobs.map((job) =>
      job.result().then(
        () => 'completed',
        (error) => error.code,
      ),
    )
    await Promise.all(jobs.map(({ accepted }) => accepted))
    const failed = app.enqueue('fails', {}, { node: 'n1', strictNode: true })
    await t.rejects(failed.result())

    await t.test('jobs of a node, in pages', async (t) => {
      t.equal((await monitor.jobsFor('n1', { state: 'scheduled' })).jobs.length, 3)
      t.same(
        (await monitor.jobsFor('n2')).jobs.map(({ node }) => node),
        ['n2', 'n2'],
      )
      t.same(
        (await monitor.jobsFor('n1', { name: 'fails' })).jobs.map(({ id, state }) => [id, state]),
        [[failed.id, 'failed']],
      )
      const seen = new Set<string>()
      for (let after: string | undefined, last = false; !last; ) {
        const page = await monitor.jobsFor('n1', { limit: 1, ...(after === undefined ? {} : { after }) })
        t.ok(page.jobs.length <= 1)
        for (const { id } of page.jobs) seen.add(id)
        after = page.next ?? undefined
        last = page.next === null
      }
      t.equal(seen.size, 4, 'each once')
    })

    await t.test('one job, wherever it is', async (t) => {
      t.match(await monitor.load(jobs[1]?.id ?? ''), {
        node: 'n2',
        name: 'echo',
        state: 'scheduled',
        attempt: 0,
        defer: false,
        distributor: 'app',
        args: { value: 1, big: 2n ** 70n },
        startedAt: null,
        finishedAt: null,
      })
      t.match(await monitor.load(failed.id), {
        node: 'n1',
        state: 'failed',
        attempt: 2,
        lastError: /does not work/,
      })
      t.equal(await monitor.load('nothing'), null)
      t.equal(await app.monitor({ node: 'n1' }).load(jobs[1]?.id ?? ''), null, 'the other node has it')
    })

    await t.test('one job is destroyed, whatever it does', async (t) => {
      t.equal(await monitor.destroy(jobs[1]?.id ?? ''), true)
      t.equal(await ended[1], 'JR_CANCELLED')
      t.equal(await monitor.load(jobs[1]?.id ?? ''), null)
      t.equal(await monitor.destroy(jobs[1]?.id ?? ''), false)
      t.equal(await monitor.destroy(failed.id), true)
      t.equal(await monitor.load(failed.id), null)
    })

    await t.test('what does not exist is met by nothing', async (t) => {
      await t.rejects(monitor.destroyAllFor('n1', { state: 'complete' as never }), {
        name: 'TypeError',
        message: /state: expected blocked, .*, got 'complete'/,
      })
      t.equal(await monitor.destroyAllFor('n1', { name: 'nothing' }), 0)
      await t.rejects(monitor.jobsFor('n3'), { code: 'JR_CONNECTION', message: /no node 'n3'/ })
      t.throws(() => app.monitor({ node: '' }), { name: 'TypeError' })
    })

    await t.test('all jobs of one node', async (t) => {
      t.equal(await monitor.destroyAllFor('n1'), 3)
      t.same((await monitor.jobsFor('n1')).jobs, [])
      t.equal((await monitor.jobsFor('n2')).jobs.length, 1, 'and not of the other')
      t.same(await Promise.all([0, 2, 4].map((i) => ended[i])), Array(3).fill('JR_CANCELLED'))
    })
  })
}

t.test('a running job that is destroyed is not kept, although cancelled jobs are', async (t) => {
  const { app, address } = await startApp(t)
  const flags = ['--dir', folder(t), '--remove-cancelled-jobs=false', '--remove-done-jobs=false']
  await startNode(t, 'n1', [...toApp(address), ...flags])
  await app.ready
  const monitor = app.monitor()
  const running = async (id: string) => {
    for (let job = await monitor.load(id); job?.state !== 'running'; job = await monitor.load(id));
  }
  const [kept, gone] = [app.enqueue('waits', {}), app.enqueue('waits', {})]
  const results = [kept, gone].map((job) => t.rejects(job.result(), { code: 'JR_CANCELLED' }))
  await Promise.all([kept, gone].map(({ id }) => running(id)))
  t.match(await monitor.load(gone.id), { attempt: 1, startedAt: Date, finishedAt: null })
  t.equal(await monitor.destroy(gone.id), true)
  t.equal(await kept.cancel(), 'cancelling')
  await Promise.all(results)
  t.same(
    (await monitor.jobsFor('n1')).jobs.map(({ id, state }) => [id, state]),
    [[kept.id, 'cancelled']],
  )
})

t.test('a node that is lost while it is asked', async (t) => {
  const { app, address } = await startApp(t)
  const node = await startNode(t, 'n1', [...toApp(address), '--dir', folder(t)])
  await app.ready
  const gone = event(app, 'node:disconnected')
  node.process.kill('SIGSTOP')
  const asked = app.monitor().jobsFor('n1')
  node.process.kill('SIGKILL')
  await t.rejects(asked, { code: 'JR_CONNECTION' })
  await gone
  await t.rejects(app.monitor().load('a'), { code: 'JR_CONNECTION', message: 'no node is connected' })
  await t.rejects(app.monitor({ node: 'n1' }).load('a'), {
    code: 'JR_CONNECTION',
    message: /'n1' is not connected/,
  })
})

async function listening(t: Test): Promise<{ app: Distributor; address: string }> {
  const { address } = await startNode(t, 'n1', ['--listen', '127.0.0.1:0', '--dir', folder(t)])
  const app = new Distributor({ nodes: [parseAddress(address, 'node')], logLevel: 'silent' })
  t.teardown(() => app.stop({ timeout: 0 }))
  await app.start()
  await app.ready
  return { app, address }
}

t.test('a script that only dials lives until it has its answer', async (t) => {
  const { address } = await listening(t)
  // The open input keeps it until it has asked.
  const script = `
    import { Distributor } from 'job-reactor'
    const app = new Distributor({ nodes: '${address}', logLevel: 'silent' })
    process.stdin.resume()
    app.on('node:connected', async () => {
      process.stdin.destroy()
      console.log((await app.monitor().jobsFor('n1')).jobs.length)
      console.log(await app.stop())
    })
    await app.start()
  `
  const env = { PATH: process.env.PATH }
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { env })
  t.equal(stdout, '0\n{ notAccepted: 0 }\n')
})

t.test('jr jobs', async (t) => {
  const { app, address } = await listening(t)
  const node = ['--node', address]
  const jobs = [1, 2, 3].map((value) =>
    app.enqueue('echo', { value, bytes: Buffer.from('abc') }, { after: '1h' }),
  )
  await Promise.all(jobs.map(({ accepted }) => accepted))
  await t.rejects(app.enqueue('fails', {}, { id: 'bad\x1b[2J' }).result())
  const id = jobs[0]?.id ?? ''

  const table = await jr(['jobs', ...node])
  t.equal(table.code, 0, table.err)
  t.equal(table.out.trim().split('\n').length, 5)
  t.match(table.out, /^ID +NAME +STATE +PRIORITY +ATTEMPT +DUE +APP +LAST ERROR\n/)
  t.match(
    table.out,
    /bad\\x1b\[2J +fails +failed +0 +2 .* app +it does not work/,
    'nothing that a terminal obeys',
  )
  t.match((await jr(['jobs', ...node, '--limit', '2'])).out, /and more/)
  t.match(JSON.parse((await jr(['jobs', 'list', ...node, '--state', 'scheduled', '--json'])).out), {
    node: 'n1',
    jobs: [{ name: 'echo' }, { name: 'echo' }, { name: 'echo' }],
    more: false,
  })

  const some = ['--state', 'failed,scheduled', '--text', 'bad', '--enqueued-after', '1h', '--json']
  t.match(JSON.parse((await jr(['jobs', ...node, ...some])).out).jobs, [{ name: 'fails' }])

  t.match((await jr(['jobs', 'show', id, ...node])).out, /state +scheduled\n[\s\S]*args +\{ value: 1/)
  const { args } = JSON.parse((await jr(['jobs', 'show', id, '--json', ...node])).out)
  t.same(args, { value: 1, bytes: 'YWJj' })
  t.match(await jr(['jobs', 'show', 'nothing', ...node]), { code: 1, err: /node n1 has no job 'nothing'/ })

  t.match(await jr(['jobs', 'destroy', id, 'nothing', ...node]), {
    code: 1,
    out: '1 destroyed\n',
    err: /'nothing'/,
  })
  t.match(await jr(['jobs', 'retry', 'bad\x1b[2J', jobs[1]?.id ?? '', 'nothing', ...node]), {
    code: 1,
    out: '1 retried\n',
    err: /was not retried: it waits or runs[\s\S]*no job 'nothing'/,
  })
  t.match((await jr(['counts', ...node])).out, /^NAME +WAITING[\s\S]*^echo +2 [\s\S]*^\(all\) +2 /m)
  const counted = JSON.parse((await jr(['counts', '--json', ...node])).out)
  t.match(counted, { node: 'n1', waitingBefore: 0, stored: { waiting: 2 }, oldest: null })
  t.match(counted.names, [
    { name: 'echo', waiting: 2 },
    { name: 'fails', run: { p50: Number } },
  ])
  const again = ['jobs', 'retry', '--state', 'failed', '--name', 'fails', ...node]
  await until(async () => (await jr([...again, '--dry-run'])).out === '1 would be retried\n')
  t.same(JSON.parse((await jr([...again, '--dry-run', '--json'])).out), { retried: 0, met: 1 })
  t.same(JSON.parse((await jr([...again, '--json'])).out), { retried: 1 })
  const other = JSON.stringify({ priority: 7 })
  t.match(await jr(['jobs', 'update', '--state', 'scheduled', '--opts', other, ...node]), {
    code: 0,
    out: '2 updated\n',
  })
  t.match(await app.monitor().load(jobs[1]?.id ?? ''), { terms: { priority: 7 } })
  t.same(JSON.parse((await jr(['jobs', 'cancel', '--all', '--dry-run', '--json', ...node])).out), {
    cancelled: 0,
    met: 2,
  })
  t.match(await jr(['jobs', 'destroy', '--all', '--state', 'scheduled', ...node]), {
    code: 0,
    out: '2 destroyed\n',
  })
  await until(async () => (await jr([...again, '--dry-run'])).out === '1 would be retried\n')
  t.same(JSON.parse((await jr(['jobs', 'destroy', '--all', '--json', ...node])).out), { destroyed: 1 })
  t.equal((await jr(['jobs', ...node])).out, 'no jobs\n')

  await t.rejects(app.enqueue('logs', {}, { id: 'logs' }).result())
  const shown = (await jr(['jobs', 'show', 'logs', ...node])).out
  t.match(
    shown,
    /^state +failed$[\s\S]*^ATTEMPT +NODE +CHILD[^\n]+\n1 +n1 +\d+ [^\n]+ JR_JOB_FAILED +no\n2 +n1 /m,
  )
  t.match(
    (await jr(['jobs', 'logs', 'logs', ...node])).out,
    /^TIME [^\n]+\n[^\n]+Z +2 +debug +begins +\{"attempt":2\}\n/,
  )

  for (const [wrong, message] of [
    [['jobs'], /expected --node ADDR/],
    [['jobs', 'destroy', ...node], /destroy: expected ids of jobs, or which are meant/],
    [['jobs', 'retry', 'a', '--dry-run', ...node], /retry: --dry-run goes with/],
    [['jobs', 'destroy', 'a', '--all', ...node], /destroy: expected ids of jobs, or which/],
    [['jobs', 'show', ...node], /show: expected one id/],
    [['jobs', 'lst', ...node], /no command 'lst'/],
    [['jobs', '--state', 'complete', ...node], /flag --state: expected blocked/],
    [['jobs', '--limit', '0', ...node], /flag --limit/],
    [['jobs', '--nod', 'x'], /unknown flag --nod; did you mean --node\?/],
    [['jobs', 'show', '-id', '--redis'], /unknown flag -i; an id that begins with - goes after --/],
  ] as const) {
    t.match(await jr([...wrong]), { code: 2, err: message }, wrong.join(' '))
  }
  t.match(await jr(['jobs', '--node', '127.0.0.1:1']), {
    code: 69,
    err: /ECONNREFUSED[\s\S]*no node answered at 127\.0\.0\.1:1/,
  })
})

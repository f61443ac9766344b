import t from 'tap'
import type { JobArgs, OutcomeInfo } from '#dist/distributor/index.js'
import { ALL_CHILDREN, folder, startApp, startNode, toApp } from './harness.js'

type Told = { state: 'ok' | 'error'; args: JobArgs; info: OutcomeInfo }

t.test('what a job does reaches the app', async (t) => {
  const { app, address } = await startApp(t)
  const dir = folder(t)
  const node = await startNode(t, 'n1', [
    ...toApp(address),
    '--dir',
    dir,
    '--max-result',
    '1MiB',
    '--poison-limit',
    '3',
    ...ALL_CHILDREN,
  ])
  await app.ready
  /** Enqueues, and resolves with the one feedback that is called. */
  const outcome = (name: string, args: JobArgs = {}, options = {}) =>
    new Promise<Told>((resolve) => {
      app.enqueue(
        name,
        args,
        options,
        (got, info) => resolve({ state: 'ok', args: got, info }),
        (got, info) => resolve({ state: 'error', args: got, info }),
      )
    })

  t.test('args, results and facts', async (t) => {
    const from = Date.now()
    const { state, args, info } = await outcome('facts', { keep: 'me' })
    t.equal(state, 'ok')
    const facts = args.facts as Record<string, unknown>
    t.match(args, { keep: 'me', facts: { name: 'facts', attempt: 1, node: 'n1', run: 1 } })
    t.equal(facts.id, info.id)
    t.equal(facts.pid, info.child, 'the child is the one that ran it')
    t.match(info, { name: 'facts', state: 'completed', attempt: 1, run: 1, more: false, node: 'n1' })
    t.ok(info.enqueuedAt.getTime() >= from - 50 && info.finishedAt.getTime() <= Date.now() + 50)
    t.same((await outcome('number')).args, { result: 42 }, 'what is no object becomes args.result')
  })

  t.test('every kind of value goes there and back', async (t) => {
    const values = {
      none: null,
      yes: true,
      int: 42,
      big: 2 ** 53 - 1,
      float: 1.5,
      negative: -7,
      text: 'žluťoučký 🐎',
      bigint: 2n ** 100n,
      small: 5n,
      date: new Date(1234567890123),
      bytes: Buffer.from([0, 1, 255]),
      list: [1, [2, { three: 3 }]],
      empty: {},
    }
    const { args } = await outcome('all_values', { values })
    t.same(args.back, values)
    t.equal(typeof (args.back as typeof values).small, 'bigint')
    t.same((await outcome('all_values', { values: { gone: undefined, here: 1 } })).args.back, { here: 1 })
  })

  t.test(
    'callbacks in order; errbacks on each failed attempt, and they see what the job had added',
    async (t) => {
      t.same((await outcome('chain')).args.steps, ['body', 'first', 'second'])
      const { state, args, info } = await outcome('fails', { own: 1 })
      t.equal(state, 'error')
      t.match(args, { own: 1, added: 'by attempt 2', seen: 'it does not work; by attempt 2' })
      t.match(args.errbackError, { message: 'the errback breaks' })
      const error = args.error as Error & { code: string; cause: Error }
      t.ok(error instanceof Error)
      t.match(error, { name: 'TypeError', message: 'it does not work', code: 'JR_JOB_FAILED' })
      t.match(error.stack, /basic\.mjs/)
      t.equal(error.cause.message, 'deep down')
      t.equal(info.attempt, 2)
      t.match((await outcome('callback_fails')).args.error, { message: 'in the callback' })
    },
  )

  t.test('retries: by the job, by the enqueue, with a function', async (t) => {
    const { args, info } = await outcome('flaky')
    t.equal(args.attempts, 3)
    t.equal(info.attempt, 3)
    const once = await outcome('flaky', {}, { maxAttempts: 1 })
    t.match(once, { state: 'error', info: { attempt: 1 } })
  })

  t.test('a job cancels itself', async (t) => {
    const { state, args, info } = await outcome('cancels_itself')
    t.equal(state, 'error')
    t.match(args.error, { code: 'JR_CANCELLED', message: 'enough' })
    t.equal(info.state, 'cancelled')
  })

  t.test('results that cannot be sent are clear failures', async (t) => {
    const bad = await outcome('unserialisable')
    t.match(bad.args.error, { code: 'JR_RESULT_NOT_SERIALIZABLE', message: /args\.user\.save is a function/ })
    t.match((await outcome('too_large')).args.error, { code: 'JR_RESULT_TOO_LARGE', message: /maxResult/ })
  })

  t.test('a job that exits, crashes or eats all memory', async (t) => {
    t.match((await outcome('exits')).args.error, { code: 'JR_CHILD_LOST', message: /exit code 0/ })
    t.match((await outcome('exits_once')).args, { attempt: 2 })
    const poison = await outcome('poison')
    t.match(poison.args.error, { code: 'JR_CHILD_LOST', message: /SIGKILL/ })
    t.equal(poison.info.attempt, 3, 'given up at the poison limit, not after 100 attempts')
    t.equal((await outcome('rejects_later')).state, 'ok')
    await node.line('child:stray-rejection')
    t.match(
      await outcome('echo', { value: 1 }),
      { args: { echoed: 1 }, info: { attempt: 1 } },
      'the next job is not to blame',
    )
  })

  t.test('time-outs: by the signal, and by killing; bystanders lose no attempt', async (t) => {
    const polite = await outcome('waits', {}, { timeout: '50ms', maxAttempts: 1 })
    t.match(polite.args.error, { code: 'JR_TIMEOUT' })
    t.equal(polite.info.attempt, 1)
    const bystander = outcome('waits', { ms: 300 }, { maxAttempts: 1 })
    const deaf = await outcome('spins', {}, { timeout: '50ms', maxAttempts: 1 })
    t.match(deaf.args.error, { code: 'JR_TIMEOUT', message: /killed/ })
    t.match(await bystander, { state: 'ok', args: { waited: true }, info: { attempt: 1 } })
    const blocking = await outcome('spins_deferred', {}, { timeout: '50ms', maxAttempts: 1 })
    t.match(blocking.args.error, { code: 'JR_TIMEOUT' })
  })

  t.test('cancelling: held back, running, and unknown', async (t) => {
    const later = app.enqueue('echo', {}, { after: 3600 })
    await later.accepted
    t.equal(await later.cancel(), 'cancelled')
    await t.rejects(later.result(), { code: 'JR_CANCELLED' })
    t.equal(await later.cancel(), 'not-found')

    const running = app.enqueue('waits', {})
    await node.line('job:started', running.id)
    t.equal(await running.cancel(), 'cancelling')
    await t.rejects(running.result(), { code: 'JR_CANCELLED' })

    const byId = app.enqueue('echo', {}, { after: 3600 })
    await byId.accepted
    t.equal(await app.cancel(byId.id, { node: 'n1' }), 'cancelled')
    t.equal(await app.cancel('no such job'), 'not-found')
  })

  t.test('cancelling reaches jobs that are retried without a pause', async (t) => {
    const handles = Array.from({ length: 20 }, () =>
      app.enqueue('callback_fails', {}, { maxAttempts: 1e9, backoff: 0 }),
    )
    const results = handles.map((handle) => handle.result().then(String, ({ code }) => code))
    await Promise.all(handles.map(({ accepted }) => accepted))
    const answers = await Promise.all(handles.map((handle) => handle.cancel()))
    t.ok(
      answers.every((answer) => answer !== 'not-found'),
      `${answers}`,
    )
    t.same(new Set(await Promise.all(results)), new Set(['JR_CANCELLED']))
  })

  t.test('an id of your own is one job', async (t) => {
    const first = app.enqueue('waits', { ms: 100 }, { id: 'mine' })
    const second = app.enqueue('waits', { ms: 100 }, { id: 'mine' })
    t.equal(first.id, 'mine')
    t.same(await Promise.all([first.result(), second.result()]), [
      { ms: 100, waited: true },
      { ms: 100, waited: true },
    ])
    t.equal(node.log.filter((line) => line.includes('job:started') && line.includes('"mine"')).length, 1)
  })

  t.test('delayed jobs are never early; runAt in the past is now', async (t) => {
    const from = Date.now()
    const { info } = await outcome('echo', {}, { after: '120ms' })
    t.ok((info.startedAt?.getTime() ?? 0) >= from + 120)
    const soon = await outcome('echo', {}, { runAt: new Date(Date.now() + 50) })
    t.equal(soon.state, 'ok')
    t.equal((await outcome('echo', {}, { runAt: 0 })).state, 'ok')
  })

  t.test('a periodic job: a feedback for each run, on the grid, until it cancels itself', async (t) => {
    const runs: OutcomeInfo[] = []
    const last = await new Promise<OutcomeInfo>((resolve) => {
      app.enqueue(
        'counts',
        { runs: 4 },
        { period: '60ms' },
        (_args, info) => runs.push(info),
        (_args, info) => resolve(info),
      )
    })
    // A busy machine may miss some of them.
    t.ok(runs.every(({ more, run }, i) => more && run < 4 && run > (runs[i - 1]?.run ?? 0)))
    t.match(last, { state: 'cancelled', more: false })
    t.ok(last.run >= 4)
    const [first] = runs
    for (const run of runs) {
      const late = (run.startedAt?.getTime() ?? 0) - (first?.enqueuedAt.getTime() ?? 0) - (run.run - 1) * 60
      t.ok(late >= 0, `run ${run.run} is not before its slot (${late} ms after)`)
    }
  })

  t.test('a periodic job that fails goes on, with fresh attempts for each run', async (t) => {
    const failed: OutcomeInfo[] = []
    await new Promise<void>((resolve) => {
      const onError = (_args: JobArgs, info: OutcomeInfo) => {
        failed.push(info)
        if (failed.length === 2) handle.cancel()
        if (info.state === 'cancelled') resolve()
      }
      const options = { period: '30ms', maxAttempts: 2, backoff: 0 }
      const handle = app.enqueue('callback_fails', {}, options, undefined, onError)
    })
    t.match(failed.slice(0, 2), [
      { state: 'failed', attempt: 2, more: true },
      { state: 'failed', attempt: 2, more: true },
    ])
    t.match(failed.at(-1), { state: 'cancelled', more: false })
  })

  t.test('defer really leaves the loop: another process, one job at a time', async (t) => {
    const evented = await outcome('evented_pid')
    const deferred = await outcome('deferred_pid')
    t.not(deferred.args.pid, evented.args.pid)
    t.equal((await outcome('evented_pid', {}, { defer: true })).args.pid, deferred.args.pid)
  })

  t.test('jobs that make jobs', async (t) => {
    t.equal((await outcome('enqueues', { value: 'x' })).args.fromChild, 'x')
  })

  t.test("children see no secrets, and none of the store's files", async (t) => {
    const env = (await outcome('env')).args.env as Record<string, string>
    t.same(Object.keys(env), ['PATH'])
    const open = (await outcome('node_fds')).args.open as string[]
    t.same(
      open.filter((path) => path.startsWith(dir)),
      [],
    )
  })

  t.test('output of jobs is in the log, and a flood does no harm', async (t) => {
    await outcome('speaks')
    t.match(await node.line('a line on stdout'), /"job":/)
    await node.line('a line on stderr')
    await outcome('floods')
    await node.line('child:output-dropped')
  })

  t.test('the monitor sees, loads and destroys', async (t) => {
    const monitor = app.monitor({ node: 'n1' })
    const waiting = ['a', 'b', 'c'].map((value) => app.enqueue('echo', { value }, { after: 3600 }))
    await Promise.all(waiting.map(({ accepted }) => accepted))
    const page = await monitor.jobsFor({ state: 'scheduled' })
    t.same(page.jobs.map(({ id }) => id).sort(), waiting.map(({ id }) => id).sort())
    t.match(await monitor.load(waiting[0]?.id ?? ''), {
      name: 'echo',
      state: 'scheduled',
      args: { value: 'a' },
    })
    t.equal(await monitor.load('nothing'), null)
    t.ok((await monitor.jobsFor({ state: 'failed' })).jobs.length > 3, 'failed jobs are kept')
    t.equal(await monitor.destroy(waiting[0]?.id ?? ''), true)
    await t.rejects(async () => waiting[0]?.result(), { code: 'JR_CANCELLED' })
    t.equal(await monitor.destroyAll({ state: 'scheduled' }), 2)
    t.same((await monitor.jobsFor({ state: 'scheduled' })).jobs, [])
    const failed = (await monitor.jobsFor({ state: 'failed' })).jobs.length
    t.equal(await monitor.destroyAll({ state: 'failed' }), failed)
    t.same((await monitor.jobsFor()).jobs, [])
  })

  t.test('named feedbacks, and feedbacks that throw', async (t) => {
    const named = new Promise<JobArgs>((resolve) => app.feedback('echo', { success: resolve }))
    app.enqueue('echo', { value: 'named' })
    t.equal((await named).echoed, 'named')
    const thrown = new Promise((resolve) => app.on('feedback:error', resolve))
    app.enqueue('number', {}, {}, () => {
      throw new Error('in the feedback')
    })
    t.match(await thrown, { error: { message: 'in the feedback' } })
    t.equal((await outcome('number')).state, 'ok')
  })

  t.test('an unknown job is refused, and said so', async (t) => {
    const handle = app.enqueue('no_such_job')
    await t.rejects(handle.accepted, { code: 'JR_NO_SUCH_JOB', message: /they have: .*echo/ })
    await t.rejects(handle.result(), { code: 'JR_NO_SUCH_JOB' })
  })

  t.test('bad arguments throw at once, with the path of the bad value', async (t) => {
    t.throws(() => app.enqueue('echo', { user: { save: () => {} } }), {
      message: 'args.user.save is a function, which cannot be sent',
    })
    t.throws(() => app.enqueue('echo', {}, { after: 'soon' }), { message: /opts\.after: expected seconds/ })
    t.throws(() => app.enqueue('echo', {}, { afterr: 1 } as object), {
      message: /opts\.afterr: no such option/,
    })
    t.throws(() => app.enqueue('echo', {}, { after: 1, runAt: 2 }), /expected one of them, got both/)
    t.throws(() => app.enqueue('echo', {}, {}, 5 as never), /onSuccess must be a function/)
    const large = app.enqueue('echo', { value: 'x'.repeat(300_000) })
    await t.rejects(large.accepted, { code: 'JR_ARGS_TOO_LARGE' })
  })

  t.test('waiting can be given up', async (t) => {
    const handle = app.enqueue('waits', {})
    await t.rejects(handle.result({ timeout: 20 }), { code: 'JR_TIMEOUT' })
    await t.rejects(handle.result({ signal: AbortSignal.abort(new Error('never mind')) }), {
      message: 'never mind',
    })
    await handle.cancel()
    await t.rejects(handle.result(), { code: 'JR_CANCELLED' })
  })

  t.test('a node that is asked to stop ends well', async (t) => {
    node.process.kill('SIGTERM')
    t.same(await node.exited, { code: 0, signal: null })
  })
})

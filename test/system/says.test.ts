import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { ProgressEvent } from '#dist/distributor/index.js'
import { folder, startApp, startNode, toApp } from './harness.js'

t.test('what a job is told, and what it says', async (t) => {
  const dir = folder(t)
  const { app, address } = await startApp(t, { name: 'app' })
  const flags = [...toApp(address), '--dir', join(dir, 'data')]
  const start = () => startNode(t, 'n1', flags)
  let node = await start()
  await app.ready
  const monitor = app.monitor({ node: 'n1' })

  await t.test('it has its headers, and so have the jobs that it makes', async (t) => {
    const headers = { trace: '00-4bf9', 'x-ü': '' }
    t.match(await app.enqueue('headers', {}, { headers }).result(), { headers, isFrozen: true })
    t.match(await app.enqueue('headers').result(), { headers: {} })
    const handed = app.enqueue('hands_on', { opts: { headers: { trace: 'own', more: 'b' } } }, { headers })
    t.match(await handed.result(), { own: headers, handed: { trace: 'own', 'x-ü': '', more: 'b' } })
    const without = app.enqueue('hands_on', {}, { headers })
    t.match(await without.result(), { handed: headers })
    const tooMany = app.enqueue(
      'hands_on',
      { opts: { headers: { a: 'x'.repeat(4090) } } },
      { headers, maxAttempts: 1 },
    )
    await t.rejects(tooMany.result(), {
      name: 'TypeError',
      message: /^opts\.headers: expected names and texts of at most 4096 bytes/,
    })
    const later = app.enqueue('headers', {}, { headers, after: '1h' })
    await later.accepted
    t.match(await monitor.load(later.id), { terms: { headers } })
    for (const [bad, message] of [
      [['a'], /^opts\.headers: expected an object of texts, got/],
      [{ a: 1 }, /^opts\.headers\.a: expected text without half of a surrogate pair, got 1$/],
      [{ '': 'a' }, /^opts\.headers: a name: expected text of 1 to 128 characters/],
    ] as const)
      t.throws(() => app.enqueue('headers', {}, { headers: bad as never }), { name: 'TypeError', message })
  })

  await t.test('it gives up, whatever attempts are left; its errbacks and feedback are told', async (t) => {
    const failed = new Promise((resolve) =>
      app.enqueue('gives_up', {}, {}, undefined, (...told) => resolve(told)),
    )
    const error = { name: 'FailJob', message: 'no such account', code: 'JR_JOB_FAILED' }
    t.match(await failed, [{ error, told: 'FailJob' }, { attempt: 1 }])
  })

  await t.test('it goes on later, as often as it likes, also behind a restart', async (t) => {
    const file = join(dir, 'there')
    const snoozing = app.enqueue('snoozes', { file, duration: '1h' })
    const soon = app.enqueue('snoozes', { file, duration: 0.01 })
    const result = soon.result()
    const [first] = await Promise.all([snoozing, soon].map(({ id }) => node.line('job:snoozed', id)))
    t.match(first, /"attempt":1/)
    node.process.kill('SIGTERM')
    await node.exited
    writeFileSync(file, '')
    node = await start()
    t.match(await result, { attempt: 1 })
    const due = (await monitor.load(snoozing.id))?.due.getTime() ?? 0
    t.match(await monitor.load(snoozing.id), { state: 'scheduled', attempt: 0, lastError: null })
    t.ok(due > Date.now() + 3_000_000 && due <= Date.now() + 3_600_001)
    t.equal(await snoozing.cancel(), 'cancelled')
  })

  await t.test('it tells how far it is: the app hears some of it, and always the latest', async (t) => {
    const stop = join(dir, 'stop')
    const heard: unknown[] = []
    const seen: unknown[] = []
    const listener = ({ id, value, ...facts }: ProgressEvent) => {
      if (id === job.id) seen.push(value)
      t.match(facts, { name: 'tells', node: 'n1', attempt: 1 })
    }
    app.on('job:progress', listener)
    const from = Date.now()
    const job = app.enqueue('tells', { values: 1000, file: stop })
    for await (const value of job.progress<{ value: number }>()) {
      heard.push(value)
      if (value.value !== 1000) continue
      t.match(await monitor.load(job.id), { state: 'running', progress: { value: 1000 } })
      writeFileSync(stop, '')
    }
    t.same(heard.at(-1), 'over')
    t.ok(seen.length <= (10 * (Date.now() - from)) / 1000 + 2, `${seen.length} in ${Date.now() - from} ms`)
    t.same([seen[0], seen.at(-1)], [{ value: 1 }, 'over'])
    app.off('job:progress', listener)
    for await (const _ of job.progress()) t.fail('it is over')
    await job.result()
  })

  await t.test('the last lines of its log are kept with it', async (t) => {
    await t.rejects(app.enqueue('logs', {}, { id: 'logs' }).result())
    const { log = [] } = (await monitor.load('logs')) ?? {}
    t.match(
      log.map(({ at, ...line }) => line),
      [
        { attempt: 2, level: 'debug', text: 'begins', facts: { attempt: 2 } },
        { attempt: 2, level: 'warn', text: 'half', facts: {} },
        { attempt: 2, level: 'error', text: 'gives up' },
      ],
    )
  })

  await t.test('its attempts are kept with it, however they ended', async (t) => {
    const bad = app.enqueue('ends_badly', { last: 5 }, {}, undefined, () => {})
    const ended = bad.result()
    await node.exited
    node = await start()
    await t.rejects(ended, { name: 'RangeError' })
    const { attempts = [], ...facts } = (await monitor.load(bad.id)) ?? {}
    t.match(
      attempts.map(({ error, ...attempt }) => ({ ...attempt, code: error?.code })),
      [
        { number: 1, code: 'MINE' },
        { number: 2, code: 'JR_CHILD_LOST' },
        { number: 3, code: 'JR_TIMEOUT' },
        { number: 4, code: 'JR_NODE_LOST', child: 0 },
        { number: 5, code: 'JR_JOB_FAILED' },
      ],
    )
    t.match(attempts[0], { node: 'n1', error: { name: 'TypeError', message: 'no', stack: /says\.mjs/ } })
    t.equal(attempts[4]?.error?.message.length, 1024)
    for (const { startedAt, finishedAt, child, number } of attempts) {
      t.ok(startedAt instanceof Date && startedAt <= finishedAt)
      t.equal(child > 0, number !== 4)
    }
    t.match(facts, { state: 'failed', attempt: 5, lastError: /^m+$/, lastCode: 'JR_JOB_FAILED' })
  })
})

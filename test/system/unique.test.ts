import { join } from 'node:path'
import t from 'tap'
import type { Outcome } from '#dist/src/job/record.js'
import { formatAddress } from '#dist/src/wire/address.js'
import { event, folder, startApp, startNode } from './harness.js'
import { STORES } from './stores.js'

for (const [store, flags] of Object.entries(STORES)) {
  t.test(`one job of a key, ${store} store`, async (t) => {
    const dir = folder(t)
    const { app, address } = await startApp(t, { name: 'app' })
    const { app: other, address: where } = await startApp(t, { name: 'other' })
    const both = ['--distributors', [address, where].map(formatAddress).join(), ...flags(join(dir, 'n1'))]
    const first = await startNode(t, 'n1', both)
    await Promise.all([app.ready, other.ready])
    const monitor = app.monitor({ node: 'n1' })

    await t.test('a second one is joined to the one that is there, by its args', async (t) => {
      const told: unknown[] = []
      const one = app.enqueue('waits', { ms: 300, a: 1, b: { c: 2, d: 3 } }, { unique: true }, () =>
        told.push('one'),
      )
      await one.accepted
      const id = one.id
      const args = { b: { d: 3, c: 2 }, a: 1, ms: 300 }
      const two = app.enqueue('waits', args, { unique: true }, ({ a }) => told.push(a))
      const three = other.enqueue('waits', args, { unique: true })
      const different = app.enqueue('waits', { ...args, a: 2 }, { unique: true })
      await Promise.all([two.accepted, three.accepted, different.accepted])
      t.same([two.id, three.id], [id, id], 'its handle is that of the job')
      t.not(different.id, id)
      for (const job of [one, two, three]) t.match(await job.result(), { a: 1 })
      t.match(await different.result(), { a: 2 })
      t.same(told, ['one', 1])
      const again = app.enqueue('waits', args, { unique: true })
      t.match(await again.result(), { a: 1 })
      t.not(again.id, id, 'the key is free when the job has ended')
    })

    await t.test('of a text: its own for each name, until the job ends, whatever ends it', async (t) => {
      const unique = { key: 'mine', onConflict: 'reject' } as const
      const waits = app.enqueue('echo', { value: 1 }, { unique, after: '1h' })
      await waits.accepted
      const elsewhere = app.enqueue('waits', { ms: 1 }, { unique: 'mine' })
      await elsewhere.result()
      const refused = other.enqueue('echo', { value: 2 }, { unique })
      const error = { code: 'JR_DUPLICATE', job: waits.id }
      await t.rejects(refused.accepted, error)
      await t.rejects(refused.result(), error)
      t.equal((await monitor.jobsFor({ name: 'echo' })).jobs.length, 1)
      t.match((await monitor.jobsFor({ name: 'echo' })).jobs, [{ terms: { unique } }])
      const cancelled = t.rejects(waits.result(), { code: 'JR_CANCELLED' })
      t.equal(await waits.cancel(), 'cancelled')
      await cancelled
      const failing = app.enqueue('fails', {}, { unique: 'mine', maxAttempts: 2, backoff: 0.01 })
      await t.rejects(failing.result(), { message: /does not work/ })
      const taken = app.enqueue('fails', {}, { unique: 'mine', after: '1h' })
      await taken.accepted
      t.not(taken.id, failing.id)
      await t.rejects(monitor.retry(failing.id), { code: 'JR_WRONG_STATE' }, 'another has its key')
      t.ok(await monitor.destroy(taken.id))
      const over = event(app, 'job:failed', ({ info }: { info: Outcome }) => info.id === failing.id)
      t.equal(await monitor.retry(failing.id), true)
      await over
    })

    await t.test('until it begins', async (t) => {
      const options = { unique: { key: 'begins', until: 'started' } } as const
      const runs = app.enqueue('waits', { ms: 500, n: 1 }, options)
      await first.line('job:started', runs.id)
      const next = app.enqueue('waits', { ms: 1, n: 2 }, { ...options, after: 1 })
      const same = app.enqueue('waits', { ms: 1, n: 3 }, options)
      t.match([await runs.result(), await next.result(), await same.result()], [{ n: 1 }, { n: 2 }, { n: 2 }])
    })

    if (store === 'level')
      await t.test('for a time from its enqueue', async (t) => {
        const unique = { key: 'for a time', until: '2s', onConflict: 'reject' } as const
        const done = app.enqueue('echo', {}, { unique })
        await done.result()
        await t.rejects(app.enqueue('echo', {}, { unique }).accepted, { code: 'JR_DUPLICATE', job: done.id })
        await t.rejects(other.enqueue('echo', {}, { unique }).accepted, { code: 'JR_DUPLICATE' })
        for (;;) {
          const next = app.enqueue('echo', { value: 'next' }, { unique })
          const free = await next.accepted.then(
            () => true,
            () => false,
          )
          if (!free) continue
          t.match(await next.result(), { echoed: 'next' })
          return
        }
      })

    await t.test('the one that waits gets what the next one has', async (t) => {
      const unique = { key: 'replaced', onConflict: 'replace' } as const
      const told: unknown[] = []
      const one = app.enqueue('echo', { value: 1 }, { unique, after: '1h' }, ({ value }) => told.push(value))
      await one.accepted
      const many = Array.from({ length: 20 }, (_, n) =>
        app.enqueue('echo', { value: n + 2 }, { unique, after: '1h' }, ({ value }) => told.push(value)),
      )
      await Promise.all(many.map(({ accepted }) => accepted))
      const theirs = other.enqueue('echo', { value: 'last' }, { unique, priority: 3, tags: ['last'] })
      for (const job of [one, ...many, theirs]) t.match(await job.result(), { value: 'last' })
      t.same([...new Set([one, ...many, theirs].map(({ id }) => id))], [one.id], 'all are one job')
      t.same(told, Array(21).fill('last'), 'each feedback is called, once')
      t.match(await app.enqueue('echo', { value: 'new' }, { unique }).result(), { value: 'new' })
    })

    await t.test('behind the one that runs the last of those that came meanwhile waits', async (t) => {
      const unique = { key: 'behind', onConflict: 'replace' } as const
      const runs = app.enqueue('waits', { ms: 60_000, n: 1 }, { unique })
      await first.line('job:started', runs.id)
      const two = app.enqueue('waits', { ms: 1, n: 2 }, { unique })
      const three = app.enqueue('waits', { ms: 1, n: 3 }, { unique })
      const results = [two.result(), three.result()]
      await Promise.all([two.accepted, three.accepted])
      const { jobs } = await monitor.jobsFor({ name: 'waits', state: 'available' })
      t.match(jobs.at(-1)?.waits, { reason: 'unique' })
      const cancelled = t.rejects(runs.result(), { code: 'JR_CANCELLED' })
      await runs.cancel()
      await cancelled
      t.match(await Promise.all(results), [{ n: 3 }, { n: 3 }])
    })

    await t.test('what a job enqueues', async (t) => {
      const there = app.enqueue('waits', { ms: 300, who: 'there' }, { unique: 'theirs' })
      await there.accepted
      const asked = { name: 'waits', args: { ms: 1 }, opts: { unique: 'theirs' }, waits: true }
      t.match(await app.enqueue('asks', asked).result(), { asked: { id: there.id, got: { who: 'there' } } })
      const unique = { key: 'theirs', onConflict: 'reject' }
      const kept = app.enqueue('echo', {}, { unique: 'theirs', after: '1h' })
      await kept.accepted
      const refused = await app.enqueue('asks', { name: 'echo', opts: { unique } }).result()
      t.match(refused, { asked: { code: 'JR_DUPLICATE', job: kept.id } })
      await kept.cancel()
    })

    if (store === 'level')
      await t.test(
        'after kill -9 of the node the key is where it was, and so is the joined one',
        async (t) => {
          const one = app.enqueue('waits', { ms: 100, n: 1 }, { unique: 'kept', after: 5 })
          await one.accepted
          const two = other.enqueue('waits', { ms: 1, n: 2 }, { unique: 'kept' })
          await two.accepted
          const result = two.result()
          const unique = { key: 'after kill', onConflict: 'replace' } as const
          const runs = app.enqueue('waits', { ms: 60_000, n: 5 }, { unique })
          await first.line('job:started', runs.id)
          const later = [6, 7, 8].map((n) => app.enqueue('waits', { ms: 1, n }, { unique, after: 1 }))
          const all = later.map((handle) => handle.result())
          await Promise.all(later.map(({ accepted }) => accepted))
          first.process.kill('SIGKILL')
          await first.exited
          await startNode(t, 'n1', both)
          const three = app.enqueue('waits', { ms: 1, n: 3 }, { unique: 'kept' })
          t.match([await three.result(), await result, await one.result()], [{ n: 1 }, { n: 1 }, { n: 1 }])
          t.match(await app.enqueue('waits', { ms: 1, n: 4 }, { unique: 'kept' }).result(), { n: 4 })
          // It waited for its next attempt.
          for (const n of await Promise.all(all)) t.match(n, { n: 8 }, 'it got what the last one had')
          t.same([...new Set(later.map(({ id }) => id))], [runs.id])
        },
      )
  })
}

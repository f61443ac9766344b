import t from 'tap'
import { Distributor } from '#dist/distributor/index.js'
import { formatAddress } from '#dist/src/wire/address.js'
import { folder, startApp, startNode, toApp } from './harness.js'
import { STORES } from './stores.js'

for (const [store, flags] of Object.entries(STORES)) {
  t.test(`an id of your own is used again when its job has ended, ${store} store`, async (t) => {
    const dir = folder(t)
    const { app, address } = await startApp(t, { name: 'app' })
    await startNode(t, 'n1', [...toApp(address), ...flags(dir)])
    await app.ready
    const monitor = app.monitor({ node: 'n1' })

    await t.test('of one that has failed and is kept', async (t) => {
      const failing = { id: 'again', maxAttempts: 1 }
      await t.rejects(app.enqueue('fails', {}, failing).result(), { message: /does not work/ })
      t.match(await monitor.load('again'), { state: 'failed', name: 'fails' })
      const told: string[] = []
      const second = app.enqueue(
        'facts',
        {},
        { id: 'again' },
        () => told.push('success'),
        () => told.push('error'),
      )
      await second.accepted
      t.match(await second.result(), { facts: { id: 'again', name: 'facts' } })
      t.same(told, ['success'])
      t.equal(await monitor.load('again'), null, 'the failed one made way, and the new one has completed')
      t.equal((await monitor.jobsFor({ state: 'failed' })).jobs.length, 0)
    })

    await t.test('by another life of the app, whose outcome the first had not taken', async (t) => {
      const before = new Distributor({ name: 'mine', port: 0, logLevel: 'silent' })
      t.teardown(() => before.stop({ timeout: 0 }))
      const where = await before.start()
      if (where === null) throw new Error('no address')
      const node = await startNode(t, 'n2', [...toApp(where), ...flags(`${dir}-2`), '--outcome-grace', '1ms'])
      await before.ready
      const first = before.enqueue('waits', { ms: 300 }, { id: 'life', maxAttempts: 1 }, () => {
        t.fail('of a life that is over')
      })
      await first.accepted
      await before.stop({ timeout: 0 })
      await node.line('job:completed', 'life')
      // The same name and place, another life: the outcome of the first comes here too.
      const now = new Distributor({ name: 'mine', logLevel: 'silent' })
      t.teardown(() => now.stop({ timeout: 0 }))
      const unclaimed = new Promise((resolve) => now.on('outcome:unclaimed', resolve))
      const port = 'port' in where ? where.port : 0
      await now.start({ port })
      const second = now.enqueue('echo', { value: 'second' }, { id: 'life' })
      t.match(await second.result(), { echoed: 'second' })
      t.match(await unclaimed, { info: { id: 'life', name: 'waits' } }, 'the first is told as what it is')
    })

    await t.test(
      'one that waits or runs is joined, whoever has sent it, and its end is told to all',
      async (t) => {
        const other = new Distributor({ name: 'other', port: 0, logLevel: 'silent' })
        t.teardown(() => other.stop({ timeout: 0 }))
        const where = await other.start()
        if (where === null) throw new Error('no address')
        const both = [address, where].map(formatAddress).join()
        await startNode(t, 'n3', ['--distributors', both, ...flags(`${dir}-3`)])
        await other.ready
        const options = { id: 'one', node: 'n3', strictNode: true }
        const first = app.enqueue('waits', { ms: 500, who: 'first' }, options)
        await first.accepted
        const second = other.enqueue('waits', { ms: 500, who: 'second' }, options)
        const third = other.enqueue('waits', { ms: 500, who: 'third' }, options)
        await second.accepted
        for (const handle of [second, third, first]) t.match(await handle.result(), { who: 'first' })
        // Over: the next is a new one.
        t.match(await other.enqueue('echo', { value: 4 }, options).result(), { echoed: 4 })

        const kept = { ...options, id: 'kept', keepResult: '1h' }
        await app.enqueue('waits', { ms: 300, who: 'first' }, kept).accepted
        const runs = await other.find('kept')
        t.match(runs, { name: 'waits', node: 'n3', args: { who: 'first' }, error: null })
        t.match(await runs?.result(), { who: 'first', waited: true }, 'another app is told of its end')
        const over = await other.find('kept')
        t.match(over, { state: 'completed', args: { who: 'first', waited: true }, error: null })
        t.match(await over?.result(), { waited: true })
        await t.rejects(app.enqueue('fails', {}, { ...options, maxAttempts: 1 }).result())
        const failed = await other.find('one')
        t.match(failed, { state: 'failed', error: { message: 'it does not work', stack: /at / } })
        await t.rejects(async () => failed?.result(), { message: 'it does not work' })
        const later = app.enqueue('echo', {}, { ...options, after: '1h' })
        await later.accepted
        const waits = await other.find('one')
        const ended = t.rejects(async () => waits?.result(), { code: 'JR_CANCELLED' })
        t.equal(await waits?.cancel(), 'cancelled')
        await ended
        t.equal(await other.find('one'), null)
      },
    )
  })
}

import t from 'tap'
import { event, folder, startApp, startNode, toApp } from './harness.js'

const numbers = (count: number) => Array.from({ length: count }, (_, value) => ({ value }))

t.test('many jobs at once: each runs, and each is told', async (t) => {
  const { app, address } = await startApp(t)
  await startNode(t, 'n1', [...toApp(address), '--dir', folder(t)])
  await app.ready
  // More than a node takes on its way at once.
  const list = numbers(10_000)
  const told: unknown[] = []
  const all = new Promise<void>((done) => {
    const onSuccess = (args: { echoed?: unknown }) => {
      told.push(args.echoed)
      if (told.length === list.length) done()
    }
    const handles = app.enqueueMany('echo', list, {}, onSuccess)
    t.equal(handles.length, list.length)
    t.equal(new Set(handles.ids).size, list.length)
    t.resolves(handles.accepted)
  })
  await all
  t.same(
    told.map(Number).sort((a, b) => a - b),
    list.map(({ value }) => value),
  )
  const few = app.enqueueMany('echo', new Set(numbers(3)))
  t.match(await few.results(), [{ echoed: 0 }, { echoed: 1 }, { echoed: 2 }], 'in the order of their args')
  t.match(await few.at(-1)?.result(), { echoed: 2 })
  t.same(
    [...few].map(({ id }) => id),
    few.ids,
  )
  await t.resolves(few.accepted)
  await t.resolves(app.enqueueMany('echo', []).accepted)
  t.same(await app.enqueueMany('echo', []).results(), [])
  const later = app.enqueueMany('echo', numbers(2), { after: '1h' })
  await later.accepted
  for (const handle of later) t.equal(await handle.cancel(), 'cancelled')
  await t.rejects(later.results(), { code: 'JR_CANCELLED' })
})

t.test('many jobs: all or none, and what is wrong is named', async (t) => {
  const { app } = await startApp(t, { maxHeld: 3 })
  t.throws(() => app.enqueueMany('echo', [{}, { f: () => {} }] as never), {
    message: /^args\[1\]\.f is a function/,
  })
  t.throws(() => app.enqueueMany('echo', 'text' as never), { message: /list of args/ })
  t.throws(() => app.enqueueMany('echo', [{}], { id: 'a' } as never), { message: /opts\.id/ })
  t.same(await app.stop({ timeout: 0 }), { notAccepted: 0 }, 'nothing was enqueued')
  await app.start({ port: 0, logLevel: 'silent', maxHeld: 3 })
  const errors: unknown[] = []
  const full = event(app, 'backlog:full')
  const handles = app.enqueueMany('echo', numbers(5), {}, undefined, ({ error }) => errors.push(error.code))
  const refused = t.rejects(handles.accepted, { code: 'JR_BACKLOG_FULL' }, 'the first that was refused')
  await full
  await app.stop({ timeout: 0 })
  await refused
  t.same(errors, ['JR_BACKLOG_FULL', 'JR_BACKLOG_FULL', 'JR_STOPPED', 'JR_STOPPED', 'JR_STOPPED'])
})

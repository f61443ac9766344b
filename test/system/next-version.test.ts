import t, { type Test } from 'tap'
import type { Distributor } from '#dist/distributor/index.js'
import type { EnqueueOptions } from '#dist/src/job/enqueue-options.js'
import { startRedis, withoutRedis } from '../store-redis/redis-server.js'
import { startApp, startNode, toApp } from './harness.js'
import { type NextVersion, nextVersion } from './next-version.js'

/** With a term that this version does not know. */
const LATER = { later: true, maxAttempts: 1 } as EnqueueOptions

async function startNext(t: Test, next: NextVersion): Promise<[Distributor, string[]]> {
  const app = new next.app()
  const address = await app.start({ port: 0, logLevel: 'silent' })
  t.teardown(() => app.stop({ timeout: 0 }))
  if (address === null) throw new Error('the app does not listen')
  return [app, toApp(address)]
}

t.test('an app of the next version, and nodes of this one', async (t) => {
  const next = await nextVersion(t)
  const [app, toIt] = await startNext(t, next)
  await startNode(t, 'old', [...toIt, '--store', 'memory'])
  await app.ready
  const never = app.enqueue('echo', { value: 1 }, LATER)
  const always = app.enqueue('echo', { value: 2 }, { maxAttempts: 1 })
  t.match(await always.result(), { echoed: 2 }, 'the others are done')
  await t.rejects(never.result(), { code: 'JR_UNKNOWN_TERM', message: /\(old\).*'echo'/ })
  const strict = app.enqueue('echo', {}, { ...LATER, node: 'old', strictNode: true })
  await t.rejects(strict.result(), { code: 'JR_UNKNOWN_TERM' })
  const waits = app.enqueue('echo', { value: 3 }, { ...LATER, node: 'new', strictNode: true })
  const { cli } = next
  await startNode(t, 'new', [...toIt, '--store', 'memory'], {}, [], cli)
  t.match(await waits.result(), { echoed: 3 }, 'it waits for its node, which knows the term')
  const ran = await new Promise((done) => {
    app.enqueue('echo', {}, { ...LATER, node: 'old' }, (_, info) => done(info.node))
  })
  t.equal(ran, 'new', 'rather than to the node that it prefers')
})

t.test('an app of this version, and a node of the next', async (t) => {
  const next = await nextVersion(t)
  const { app, address } = await startApp(t)
  const [other, toOther] = await startNext(t, next)
  const both = [...toApp(address), ...toOther].filter((flag) => !flag.startsWith('--')).join(',')
  await startNode(t, 'new', ['--distributors', both, '--store', 'memory'], {}, [], next.cli)
  await Promise.all([app.ready, other.ready])
  t.match(await app.enqueue('echo', { value: 1 }, { period: '1h', maxAttempts: 2 }).result(), { echoed: 1 })
  t.throws(() => app.enqueue('echo', {}, LATER), { message: /^opts\.later: no such option/ })
  const { id, accepted } = other.enqueue('echo', {}, { ...LATER, after: '1d' })
  await accepted
  const shown = await app.monitor().load(id)
  t.same(shown?.terms, { maxAttempts: 1 }, 'what it does not know is left out')
  t.match((await other.monitor().load(id))?.terms, LATER)
})

const noRedis = withoutRedis()
t.test('a job of the next version is left to a node that knows its terms', { skip: noRedis }, async (t) => {
  const next = await nextVersion(t)
  const { url } = await startRedis(t)
  const [app, toIt] = await startNext(t, next)
  const flags = [...toIt, '--store', 'redis', '--redis-url', url, '--lease', '1s']
  const start = (name: string, cli?: string) => startNode(t, name, flags, {}, [], cli)
  const [first] = [await start('new-1', next.cli), await start('old')]
  await app.ready
  const known = app.enqueue('echo', { value: 1 }, { after: '2s', node: 'new-1' })
  const later = app.enqueue('echo', { value: 2 }, { ...LATER, after: '2s', node: 'new-1' })
  await Promise.all([known.accepted, later.accepted])
  first.process.kill('SIGKILL')
  t.match(await known.result(), { echoed: 1 }, 'the old one takes over what it can')
  await start('new-2', next.cli)
  t.match(await later.result(), { echoed: 2 }, 'it has waited for one that knows the term')
})

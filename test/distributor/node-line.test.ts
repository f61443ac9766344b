import t, { type Test } from 'tap'
import type { Distributor } from '#dist/distributor/index.js'
import { pack } from '#dist/src/bytes/codec.js'
import type { Address } from '#dist/src/wire/address.js'
import type { LinkMessage } from '#dist/src/wire/messages.js'
import { outcome } from '../node/records.js'
import { folder, startApp, startNode, until } from '../system/harness.js'
import { enqueueOf, RawPeer, welcomeOf } from '../system/raw-peer.js'

/** A node, as far as the app can see, that has taken so much. */
async function nodeThatHas(
  t: Test,
  address: Address,
  name: string,
  taken: number,
  creditJobs = 100,
  before: readonly LinkMessage[] = [],
): Promise<RawPeer> {
  if (!('port' in address)) throw new Error('no port')
  const peer = await RawPeer.dial(t, 'node', address, { name })
  peer.send(...before, welcomeOf({ taken, creditJobs, alone: true }))
  return peer
}

type Enqueued = Extract<LinkMessage, { type: 'enqueue' }>

const sentTo = (peer: RawPeer) =>
  peer.got.filter((message): message is Enqueued => message.type === 'enqueue')
/** The job has completed, before it is accepted. */
const outcomeOf = (sent?: Enqueued): LinkMessage => ({
  type: 'outcome',
  stored: false,
  outcome: outcome({ id: sent?.job.id ?? '', distributor: 'app', instance: 'life', args: pack({}) }),
})
const toldToForget = (peer: RawPeer) =>
  peer.got.flatMap((message) => (message.type === 'forget' ? message.ids : []))

/** Three jobs that a node was sent before it went away, and that are in doubt now. */
async function inDoubt(t: Test, app: Distributor, address: Address) {
  const node = await nodeThatHas(t, address, 'one', 0)
  await app.ready
  const handles = ['a', 'b', 'c'].map((value) => app.enqueue('echo', { value }))
  await node.until(() => sentTo(node).length === 3)
  node.socket.destroy()
  // In doubt it is no longer the node's.
  await until(() => app.nodes()[0]?.status === 'disconnected' && app.nodes()[0]?.inFlight === 0)
  return handles
}

t.test('a node that is back has the jobs that it took, however long it was away', async (t) => {
  const { app, address } = await startApp(t, { doubtTimeout: '1ms' })
  const [a, b, c] = await inDoubt(t, app, address)
  const back = await nodeThatHas(t, address, 'one', 2)
  await Promise.all([a?.accepted, b?.accepted])
  await back.until(() => sentTo(back).length > 0)
  t.same(
    sentTo(back).map(({ job, number }) => [job.id, number]),
    [[c?.id, 4]],
    'what never came is sent, under a new number',
  )
  t.same(toldToForget(back), [])
  back.send({ type: 'accepted', number: 4 })
  await c?.accepted
})

t.test('what another node has by then is to be forgotten, if it ever came', async (t) => {
  const { app, address } = await startApp(t, { doubtTimeout: '1ms' })
  const [a, b] = await inDoubt(t, app, address)
  const other = await nodeThatHas(t, address, 'two', 0)
  await other.until(() => sentTo(other).length === 3)
  const back = await nodeThatHas(t, address, 'one', 2)
  await back.until(() => toldToForget(back).length > 0)
  t.same(toldToForget(back), [a?.id, b?.id])
})

t.test('jobs that are to be taken together go, and are in doubt, as a whole', async (t) => {
  const { app, address } = await startApp(t, { doubtTimeout: '1ms' })
  const first = await nodeThatHas(t, address, 'one', 0)
  await app.ready
  const single = app.enqueue('echo')
  const all = app.enqueueAll([{ name: 'echo' }, { name: 'echo' }, { name: 'echo' }])
  const ids = [single, ...all.jobs].map(({ id }) => id)
  await first.until(() => sentTo(first).length === 4)
  const shown = (peer: RawPeer) => sentTo(peer).map(({ number, job, more }) => [number, job.id, more])
  const together = (from: number) => [1, 2, 3].map((i) => [from + i, ids[i], i < 3])
  t.same(shown(first), [[1, ids[0], false], ...together(1)])
  first.send(outcomeOf(sentTo(first)[1]))
  await all.jobs[0].result()
  first.socket.destroy()
  const other = await nodeThatHas(t, address, 'two', 0)
  await other.until(() => sentTo(other).length === 4)
  t.same(shown(other).slice(1), together(1), 'also the one that has ended')
  t.same(
    sentTo(other).map(({ sentBefore }) => sentBefore),
    [1, 2, 2, 2].map((number) => [{ node: 'one', number, last: 4 }]),
  )
  const back = await nodeThatHas(t, address, 'one', 4)
  await back.until(() => toldToForget(back).length === 4)
  t.same(toldToForget(back), ids)
  let accepted = false
  const settled = all.accepted.then(
    () => {
      accepted = true
    },
    () => {},
  )
  other.send(
    { type: 'accepted', number: 3 },
    { type: 'refused', number: 3, code: 'JR_DUPLICATE', message: 'no', job: 'x' },
  )
  await t.rejects(all.accepted, { code: 'JR_DUPLICATE', message: /because of jobs\[1\]/, job: 'x' })
  await settled
  t.notOk(accepted, 'not before the last of them is')
  await t.rejects(all.jobs[2].result(), { code: 'JR_DUPLICATE' })
  await all.jobs[0].result()
})

t.test('a job that comes behind the word to forget it is not meant', async (t) => {
  const node = await startNode(t, 'n1', ['--listen', '127.0.0.1:0', '--dir', folder(t)])
  const [host = '', port] = node.address.split(':')
  const app = await RawPeer.dial(t, 'distributor', { host, port: Number(port) })
  await app.until(() => app.has(({ type }) => type === 'welcome'))
  const job = { args: pack({}), delayMs: 100 }
  // The first is on its way to the disk, for which forgetting waits, and the other goes there with it.
  app.send(
    enqueueOf(1, { ...job, id: 'before' }),
    { type: 'forget', ids: ['back'] },
    enqueueOf(2, { ...job, id: 'back' }),
  )
  const ended = (id: string) => app.has((message) => message.type === 'outcome' && message.outcome.id === id)
  await app.until(() => ended('before') && ended('back'))
})

t.test('a job that is refused makes room for the next', async (t) => {
  const { app, address } = await startApp(t)
  const node = await nodeThatHas(t, address, 'one', 0, 1)
  await app.ready
  const refused = app.enqueue('echo')
  app.enqueue('echo')
  await node.until(() => sentTo(node).length === 1)
  node.send({ type: 'refused', number: 1, code: 'JR_NO_SUCH_JOB', message: 'not here any more', job: '' })
  await t.rejects(refused.accepted, { code: 'JR_NO_SUCH_JOB' })
  await node.until(() => sentTo(node).length === 2)
})

t.test(
  'a job that was refused is not taken for accepted when the word of it was lost with the connection',
  async (t) => {
    const node = await startNode(t, 'n1', ['--listen', '127.0.0.1:0', '--dir', folder(t)])
    const [host = '', port] = node.address.split(':')
    const dial = () => RawPeer.dial(t, 'distributor', { host, port: Number(port) })
    const first = await dial()
    await first.until(() => first.has(({ type }) => type === 'welcome'))
    first.send(
      enqueueOf(1, { id: 'a', args: pack({}), name: 'nowhere' }),
      enqueueOf(2, { id: 'b', args: pack({}) }),
      enqueueOf(3, { id: 'c', args: pack({}), name: 'nowhere' }),
    )
    await first.until(() => first.has(({ type }) => type === 'outcome'))
    first.socket.destroy()
    const second = await dial()
    await second.until(() => second.has(({ type }) => type === 'welcome'))
    t.match(
      second.got.filter(({ type }) => type === 'refused' || type === 'welcome'),
      [
        { type: 'refused', number: 1, code: 'JR_NO_SUCH_JOB' },
        { type: 'welcome', taken: 2 },
      ],
      'what is sent again need not be said again',
    )

    const { app, address } = await startApp(t)
    const lost = await nodeThatHas(t, address, 'one', 0)
    await app.ready
    const refused = app.enqueue('echo', { value: 1 })
    const accepted = app.enqueue('echo', { value: 2 })
    await lost.until(() => sentTo(lost).length === 2)
    lost.socket.destroy()
    const word = {
      type: 'refused',
      number: 1,
      code: 'JR_NO_SUCH_JOB',
      message: 'it is not here any more',
      job: '',
    } as const
    await nodeThatHas(t, address, 'one', 2, 100, [word])
    await t.rejects(refused.accepted, { code: 'JR_NO_SUCH_JOB' })
    await accepted.accepted
  },
)

t.test('with which job a job is one is asked, when the word of it is lost', async (t) => {
  const { app, address } = await startApp(t, { name: 'app' })
  const first = await nodeThatHas(t, address, 'one', 0)
  await app.ready
  const told: string[] = []
  const joins = app.enqueue('echo', {}, { unique: 'mine' }, () => told.push('joins'))
  const rejects = app.enqueue('echo', {}, { unique: { key: 'mine', onConflict: 'reject' } })
  const rejected = rejects.result()
  await first.until(() => sentTo(first).length === 2)
  first.socket.destroy()
  const node = await nodeThatHas(t, address, 'one', 2)
  await joins.accepted
  const asked = () => node.got.flatMap((message) => (message.type === 'watch' ? [message] : []))
  await node.until(() => asked().length === 2)
  t.match(asked(), [
    { id: joins.id, key: 'kecho\0mine' },
    { id: rejects.id, key: 'kecho\0mine' },
  ])
  const result = joins.result()
  for (const { request } of asked())
    node.send({ type: 'reply', request, ok: true, body: pack(['watching', 0, 'other']) })
  await t.rejects(rejected, { code: 'JR_DUPLICATE', job: 'other' })
  t.equal(joins.id, 'other')
  const args = pack({ done: true })
  node.send({
    type: 'outcome',
    stored: false,
    outcome: outcome({ id: 'other', instance: 'not its own', args }),
  })
  t.match(await result, { done: true })
  t.same(told, ['joins'])
})

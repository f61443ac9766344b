import t from 'tap'
import type { NodeChange } from '#dist/node/changes/journal.js'
import { Intake, type IntakeDeps } from '#dist/node/session/intake.js'
import { Refusals } from '#dist/node/session/refusals.js'
import { pack } from '#dist/src/bytes/codec.js'
import { JrError } from '#dist/src/errors.js'
import { BUNDLE, LEAST_PRIORITY, MOST_PRIORITY } from '#dist/src/rules.js'
import type { LinkMessage } from '#dist/src/wire/messages.js'
import { enqueueOf } from '../system/raw-peer.js'

const NOW = { wall: 1000, steady: 1000 }
const ARGS = pack({})

function intake() {
  const changes: NodeChange[] = []
  const said: LinkMessage[] = []
  const offered: string[] = []
  let admitting = true
  const deps = {
    settings: {
      name: 'n1',
      unknownJob: 'fail',
      minPriority: LEAST_PRIORITY,
      maxPriority: MOST_PRIORITY,
      maxArgs: BUNDLE.bytes + 100,
      jobs: '/jobs',
    },
    journal: { add: (change: NodeChange) => changes.push(change) },
    runner: { offer: ({ id }: { id: string }) => offered.push(id) > 0 },
    executors: {
      known: (name: string) => (name === 'echo' ? { name, defer: false } : undefined),
      slots: { evented: 1, deferred: 0 },
    },
    scheduler: { keyFor: () => '' },
    seq: () => changes.length + 1,
    admitting: () => admitting,
    refusals: new Refusals(),
  }
  const channel = { send: (message: LinkMessage) => said.push(message) > 0, writable: true }
  const peer = { name: 'app', instance: 'life' }
  const made = new Intake(peer as never, channel, {} as never, () => {}, deps as never as IntakeDeps)
  const send = (number: number, more: boolean, over: { name?: string; args?: Buffer } = {}) =>
    made.take({ ...enqueueOf(number, { id: `j${number}`, args: ARGS, ...over }), more }, NOW)
  const taken = () =>
    changes.map((change) => {
      if (change.kind === 'insert') return change.job.id
      return change.kind === 'together'
        ? change.changes.map((each) => 'job' in each && each.job.id)
        : change.kind
    })
  return { made, send, taken, said, offered, stop: () => (admitting = false) }
}

t.test(
  'jobs that belong together are taken as one when the last has come, and begin when they are stored',
  async (t) => {
    const { send, taken, offered } = intake()
    send(1, false)
    send(2, true)
    send(3, true)
    t.same(taken(), ['j1'])
    send(4, false)
    send(5, false)
    t.same(taken(), ['j1', ['j2', 'j3', 'j4'], 'j5'])
    t.same(offered, ['j1', 'j5'])
  },
)

t.test(
  'of one that is refused, or can not be read, all are, and what comes behind them is not',
  async (t) => {
    for (const how of ['unknown', 'unreadable', 'unreadable last', 'stopping']) {
      const { made, send, taken, said, stop } = intake()
      send(1, true)
      if (how === 'unknown') send(2, true, { name: 'nobody knows it' })
      else if (how === 'stopping') {
        stop()
        send(2, true)
      } else made.unreadable(2, how === 'unreadable', new JrError('JR_PROTOCOL', 'it is nothing'))
      if (how !== 'unreadable last') send(3, false)
      t.match(said, [{ type: 'refused', number: 2 }], how)
      t.equal(said.length, 1, how)
      if (how === 'stopping') continue
      send(4, false)
      t.same(taken(), ['j4'], how)
    }
  },
)

t.test('no more come together than may', async (t) => {
  const { send, taken } = intake()
  for (let number = 1; number < BUNDLE.jobs; number++) send(number, true)
  send(BUNDLE.jobs, false)
  t.match(taken(), [{ length: BUNDLE.jobs }])
  t.throws(
    () => send(BUNDLE.jobs + 1, false),
    { code: 'JR_PROTOCOL' },
    'more than is confirmed may be on its way',
  )
  const many = intake()
  for (let number = 1; number <= BUNDLE.jobs; number++) many.send(number, true)
  t.throws(() => many.send(BUNDLE.jobs + 1, false), { code: 'JR_PROTOCOL', message: /10000 jobs/ })
  const large = intake()
  const args = pack({ value: Buffer.alloc(BUNDLE.bytes) })
  large.send(1, true, { args })
  t.throws(() => large.send(2, false), { code: 'JR_PROTOCOL', message: /8388608 bytes/ })
})

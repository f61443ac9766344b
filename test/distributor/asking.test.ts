import t from 'tap'
import { Asking, type Question } from '#dist/distributor/nodes/asking.js'
import { SUSPECT } from '#dist/distributor/nodes/suspicion.js'
import { pack } from '#dist/src/bytes/codec.js'
import { packError } from '#dist/src/bytes/error-record.js'
import { JrError } from '#dist/src/errors.js'

const cancel = (request: number): Question => ({ type: 'cancel', request, id: 'a' })

/** A connection that keeps what is sent. */
function way(takes = true) {
  const sent: number[] = []
  const send = ({ request }: Question) => {
    if (takes) sent.push(request)
    return takes
  }
  return { sent, send }
}

const reply = (request: number, ok: boolean, body: Buffer) => ({ type: 'reply', request, ok, body }) as const

t.test('each question has its own answer, whatever comes first', async (t) => {
  const asking = new Asking('n1')
  const { send, sent } = way()
  const first = asking.ask(cancel, true, { send })
  const second = asking.ask(cancel, true, { send })
  t.same(sent, [1, 2])
  asking.answer(reply(2, false, packError(new JrError('JR_STOPPED', 'no'))))
  asking.answer(reply(1, true, pack('cancelled')))
  asking.answer(reply(1, true, pack('again')))
  asking.answer(reply(77, true, pack('of nothing that was asked')))
  t.equal(await first, 'cancelled')
  await t.rejects(second, { code: 'JR_STOPPED', message: 'no' })
})

t.test('without a connection a question waits for one', async (t) => {
  const asking = new Asking('n1')
  const { send, sent } = way()
  const answer = asking.ask(cancel, true, null)
  asking.again({ send })
  t.same(sent, [1])
  asking.answer(reply(1, true, pack('found')))
  t.equal(await answer, 'found')
})

t.test('when the connection is lost the patient ask again, until they are suspected', async (t) => {
  const asking = new Asking('n1')
  const { send, sent } = way()
  const hasty = asking.ask(cancel, false, { send })
  const patient = asking.ask(cancel, true, { send })
  asking.lost(0)
  await t.rejects(hasty, { code: 'JR_CONNECTION', message: "node 'n1' is not connected" })
  for (let blame = 1; blame < SUSPECT; blame++) {
    asking.lost(1)
    asking.again({ send })
  }
  t.same(sent, [1, 2, 2, 2, 2, 2])
  asking.lost(1)
  await t.rejects(patient, { code: 'JR_CONNECTION' })
  asking.again({ send })
  t.equal(sent.length, 6, 'nothing is left to be asked')
})

t.test('what no frame can take is refused, and what is given up', async (t) => {
  const asking = new Asking('n1')
  await t.rejects(asking.ask(cancel, true, way(false)), { code: 'JR_ARGS_TOO_LARGE' })
  const left = asking.ask(cancel, true, null)
  asking.abandon(new JrError('JR_STOPPED', 'stopped'))
  await t.rejects(left, { code: 'JR_STOPPED' })
})

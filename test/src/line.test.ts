import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import { FrameReader, FrameWriter } from '#dist/src/wire/frame.js'
import { Heartbeat } from '#dist/src/wire/heartbeat.js'
import { linkMessages } from '#dist/src/wire/link-messages.js'
import type { LinkMessage } from '#dist/src/wire/messages.js'
import { Outgoing } from '#dist/src/wire/outgoing.js'
import { StoppedClock } from '../fixtures/stopped-clock.js'

const MISSES = 3
const beating = () => new Heartbeat({ everyMs: 1000, misses: MISSES })

t.test('a peer that was silent for so many beats is dead', async (t) => {
  const heart = beating()
  const beat = () => heart.beat(false, false)
  t.same([beat(), beat()], [null, null])
  heart.heard()
  t.same([beat(), beat(), beat()], [null, null, null], 'heard in the beat before: the count begins anew')
  t.match(beat(), { code: 'JR_CONNECTION', message: 'the peer has been silent for 3 s' })
})

t.test('what is not read says nothing of the peer', async (t) => {
  const heart = beating()
  for (let n = 0; n < 10 * MISSES; n++) t.equal(heart.beat(true, true), null)
  t.same([heart.beat(false, false), heart.beat(false, false)], [null, null])
  t.match(heart.beat(false, false), { code: 'JR_CONNECTION' })
})

t.test('a frame that has begun has to end, though the peer is heard', async (t) => {
  const heart = beating()
  const beat = () => {
    heart.heard()
    return heart.beat(false, true)
  }
  for (let n = 0; n < 2 * MISSES; n++) t.equal(beat(), null)
  heart.ended()
  for (let n = 0; n < 2 * MISSES; n++) t.equal(beat(), null, 'another one has begun')
  t.match(beat(), { code: 'JR_PROTOCOL', message: 'the peer began a frame and did not end it' })
})

t.test('a peer that is heard, and whose frames end, is alive for good', async () => {
  // Silent for fewer beats than would be too many, then heard; each frame is longer under way than that, and ends.
  const spans = fc.array(fc.record({ silent: fc.nat(MISSES - 1), frame: fc.nat(2 * MISSES - 1) }))
  fc.assert(
    fc.property(spans, (spans) => {
      const heart = beating()
      return spans.every(({ silent, frame }) => {
        const quiet = Array.from({ length: silent }, () => heart.beat(false, false))
        const coming = Array.from({ length: frame + 1 }, () => {
          heart.heard()
          return heart.beat(false, true)
        })
        heart.ended()
        return [...quiet, ...coming].every((why) => why === null)
      })
    }),
  )
})

/** What is sent, as frames, each with the messages that are in it. */
function sending(maxSend?: number) {
  const frames: LinkMessage[][] = []
  const reader = new FrameReader(linkMessages, { maxFrame: 1 << 24 })
  const clock = new StoppedClock()
  let due = 0
  const stream = {
    writableLength: 0,
    write: (frame: Buffer) => {
      reader.push(frame)
      frames.push(reader.take())
      return true
    },
  }
  const options = maxSend === undefined ? { clock } : { clock, maxSend }
  const outgoing: Outgoing<LinkMessage> = new Outgoing(stream, new FrameWriter(linkMessages), options, () => {
    due++
    outgoing.flush()
  })
  return { outgoing, frames, clock, stream, due: () => due }
}

const ids = (count: number, length = 8): LinkMessage => ({
  type: 'forget',
  ids: Array.from({ length: count }, (_, n) => String(n).padStart(length, '0')),
})
const sizes = (frames: readonly (readonly unknown[])[]) => frames.map(({ length }) => length)

t.test('what is said in one tick is one frame', async (t) => {
  const { outgoing, frames, due } = sending()
  for (let n = 0; n < 10; n++) t.equal(outgoing.send({ type: 'ping' }), true)
  t.same(frames, [])
  t.ok(outgoing.bytes > 0)
  await Promise.resolve()
  await new Promise(process.nextTick)
  t.same(sizes(frames), [10])
  t.equal(due(), 1)
  t.equal(outgoing.bytes, 0)
})

t.test('soon after a frame the next one waits for the whole turn of the event loop', async (t) => {
  const { outgoing, frames, clock } = sending()
  outgoing.send({ type: 'ping' })
  await new Promise(process.nextTick)
  outgoing.send({ type: 'ping' })
  await new Promise(process.nextTick)
  outgoing.send({ type: 'pong' })
  t.same(sizes(frames), [1], 'not yet')
  await turn()
  await turn()
  t.same(sizes(frames), [1, 2])
  clock.time += 1
  outgoing.send({ type: 'ping' })
  await new Promise(process.nextTick)
  t.same(sizes(frames), [1, 2, 1], 'a while after it, it does not')
})

t.test('much is sent before the tick ends', async (t) => {
  const { outgoing, frames } = sending()
  const large = ids(60, 250)
  for (let n = 0; n < 4; n++) outgoing.send(large)
  t.same(sizes(frames), [])
  outgoing.send(large)
  t.same(sizes(frames), [5], '64 KiB are together')
  await new Promise(process.nextTick)
  t.same(sizes(frames), [5], 'and nothing is left')
})

t.test('no frame is larger than the peer takes; a message that is, is not sent', async (t) => {
  const { outgoing, frames } = sending(1000)
  const message = ids(20, 16)
  for (let n = 0; n < 6; n++) t.equal(outgoing.send(message), true)
  t.equal(outgoing.send(ids(60, 50)), false)
  t.equal(outgoing.send({ type: 'ping' }), true)
  await new Promise(process.nextTick)
  await turn()
  t.same(
    frames.flat(),
    [...Array(6).fill(message), { type: 'ping' }],
    'all others are, once, and in their order',
  )
  t.ok(frames.length >= 3)
})

t.test('it says how much waits in the stream', async (t) => {
  const { outgoing, stream } = sending()
  stream.writableLength = 500
  t.equal(outgoing.bytes, 500)
  t.equal(outgoing.flush(), 0, 'there was nothing to send')
  outgoing.send({ type: 'ping' })
  t.ok(outgoing.bytes > 500)
  t.equal(outgoing.flush(), 500)
  await new Promise(process.nextTick)
})

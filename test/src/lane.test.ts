import fc from 'fast-check'
import t from 'tap'
import {
  IMMEDIATE,
  IMMEDIATE_DEFERRED,
  isDeferred,
  isImmediate,
  isKeyed,
  keyOf,
  type LaneParts,
  laneFor,
  lanePartsOf,
  ownerOf,
  TIMED,
  TIMED_DEFERRED,
  timedLane,
} from '#dist/src/job/lane.js'

const parts: fc.Arbitrary<LaneParts> = fc.record({
  timed: fc.boolean(),
  deferred: fc.boolean(),
  priority: fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.constantFrom(0, -1, 1)),
  key: fc.oneof(fc.constantFrom('', 'a', 'ab'), fc.stringMatching(/^[!-~]{0,12}$/)),
})
const kindOf = ({ timed, deferred }: LaneParts) => (deferred ? 2 : 0) + (timed ? 1 : 0)

t.test('a lane says what it was made of', async () => {
  fc.assert(
    fc.property(parts, (of) => {
      const lane = laneFor(of)
      return (
        JSON.stringify(lanePartsOf(lane)) === JSON.stringify(lanePartsOf(laneFor(lanePartsOf(lane)))) &&
        Object.entries(of).every(([name, value]) => lanePartsOf(lane)[name as keyof LaneParts] === value) &&
        isDeferred(lane) === of.deferred &&
        isKeyed(lane) === (of.key !== '') &&
        isImmediate(lane) === !of.timed &&
        timedLane(lane) === laneFor({ ...of, timed: true })
      )
    }),
  )
})

t.test('lanes sort by kind, priority and key, and so do their places', async () => {
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      const order =
        kindOf(a) - kindOf(b) || a.priority - b.priority || (a.key === b.key ? 0 : a.key < b.key ? -1 : 1)
      const one = `${laneFor(a)}\0`
      const other = `${laneFor(b)}\0`
      return Math.sign(order) === (one === other ? 0 : one < other ? -1 : 1)
    }),
  )
})

t.test('a key says whose it is, in letters that every store sorts alike', async (t) => {
  const text = fc
    .array(fc.constantFrom('a', '/', '%', ' ', '\x01', 'ž', '😀', '\uffff'), { minLength: 1 })
    .map((parts) => parts.join(''))
  const owner = fc.record({ name: text, group: fc.option(text) })
  fc.assert(
    fc.property(owner, (of) => {
      const key = keyOf(of)
      return /^[!-~]+$/.test(key) && JSON.stringify(ownerOf(key)) === JSON.stringify(of)
    }),
  )
  t.equal(ownerOf(''), null)
  t.equal(keyOf({ name: 'a/b', group: null }) === keyOf({ name: 'a', group: 'b' }), false)
})

t.test('what is no lane is refused', async (t) => {
  t.same([IMMEDIATE, TIMED, IMMEDIATE_DEFERRED, TIMED_DEFERRED], ['0n', '1n', '2n', '3n'])
  for (const text of ['', '0', '4n', 'n', '0x', '0m', '0o12345', '0o!!!!!!']) {
    t.throws(() => lanePartsOf(text), { name: 'RangeError' }, JSON.stringify(text))
  }
})

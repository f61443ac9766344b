import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { ByteReader } from '#dist/src/bytes/byte-reader.js'
import { ByteWriter } from '#dist/src/bytes/byte-writer.js'
import type { JobDefinition } from '#dist/src/job/definition.js'
import {
  type Limits,
  parseLimits,
  rateText,
  readLimits,
  showLimits,
  writeLimits,
} from '#dist/src/job/limits.js'
import { readDefinition, writeDefinition } from '#dist/src/pipe/definition-bytes.js'

const ALL = {
  concurrency: 10,
  rate: { limit: 100, per: '1m' },
  groupConcurrency: 1,
  groupRate: { limit: 5, per: 0.25 },
}
const count = fc.integer({ min: 1, max: 2 ** 31 - 1 })
const plain = { noNullPrototype: true } as const
const rate = fc.record(
  { limit: fc.integer({ min: 1, max: 100_000 }), perMs: fc.integer({ min: 1, max: 366 * 86_400_000 }) },
  plain,
)
const limits: fc.Arbitrary<Limits> = fc.record(
  { concurrency: count, rate, groupConcurrency: count, groupRate: rate },
  { requiredKeys: [], ...plain },
)

function bytesOf(write: (w: ByteWriter) => void): Buffer {
  const w = new ByteWriter()
  write(w)
  return w.take()
}

t.test('limits are taken as a user writes them, and each wrong part is named', async (t) => {
  t.same(parseLimits(ALL, ''), {
    concurrency: 10,
    rate: { limit: 100, perMs: 60_000 },
    groupConcurrency: 1,
    groupRate: { limit: 5, perMs: 250 },
  })
  t.same(parseLimits({}, 'limits'), {})
  t.same(parseLimits({ concurrency: undefined }, ''), {}, 'what is undefined is left out')
  t.same(showLimits(parseLimits(ALL, '')), { ...ALL, groupRate: { limit: 5, per: '250ms' } })
  t.equal(rateText({ limit: 100, perMs: 60_000 }), '100 per 1m')
  const wrong: [unknown, RegExp][] = [
    [null, /^limits: expected \{ concurrency, rate, groupConcurrency, groupRate \}, got null/],
    [[], /^limits: expected .*, got an array/],
    [{ concurency: 1 }, /^limits\.concurency: no such option; known: concurrency, rate/],
    [{ concurrency: 0 }, /^limits\.concurrency: expected a whole number from 1 to 2147483647, got 0/],
    [{ concurrency: 1.5 }, /^limits\.concurrency: .* got 1\.5/],
    [{ groupConcurrency: '3' }, /^limits\.groupConcurrency: .* got '3'/],
    [{ rate: 5 }, /^limits\.rate: expected \{ limit, per \}, got 5/],
    [{ rate: { limit: 5 } }, /^limits\.rate\.per: expected seconds or a duration .* got undefined/],
    [{ rate: { limit: 5, per: 0 } }, /^limits\.rate\.per: expected a whole number from 1 to 31622400000 ms/],
    [{ rate: { limit: 100_001, per: 1 } }, /^limits\.rate\.limit: expected a whole number from 1 to 100000/],
    [{ groupRate: { limit: 1, per: '1s', perMs: 3 } }, /^limits\.groupRate\.perMs: no such option/],
  ]
  for (const [given, message] of wrong)
    t.throws(() => parseLimits(given, 'limits'), { name: 'TypeError', message })
  t.throws(() => parseLimits({ rate: { limit: 0, per: 1 } }, ''), /^rate\.limit: /, 'no path in front')
})

t.test(
  'limits are shown as they can be given, and go through bytes, alone and with what a child reports',
  async () => {
    fc.assert(
      fc.property(limits, (limits) => {
        deepStrictEqual(parseLimits(showLimits(limits), ''), limits)
        deepStrictEqual(readLimits(new ByteReader(bytesOf((w) => writeLimits(w, limits)))), limits)
        const plain = { name: 'a', defer: true, timeoutMs: null, maxAttempts: null, backoff: null }
        const definitions: readonly JobDefinition[] = [
          { ...plain, limits, keepLogs: null },
          { ...plain, limits: null, keepLogs: 7 },
        ]
        for (const definition of definitions)
          deepStrictEqual(
            readDefinition(new ByteReader(bytesOf((w) => writeDefinition(w, definition)))),
            definition,
          )
      }),
      { numRuns: 50 },
    )
  },
)

t.test('bytes that are no limits are refused', async (t) => {
  const wrong: [string, number[]][] = [
    ['no bits', []],
    ['a limit that is not known', [16]],
    ['a concurrency of none', [1, 0]],
    ['a rate of none', [2, 0, 1]],
    ['a rate in no time', [2, 1, 0]],
    ['a rate that ends too early', [2, 1]],
  ]
  for (const [what, bytes] of wrong)
    t.throws(() => readLimits(new ByteReader(Buffer.from(bytes))), { code: 'JR_PROTOCOL' }, what)
})

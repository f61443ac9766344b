import fc from 'fast-check'
import t from 'tap'
import { ByteReader } from '#dist/src/bytes/byte-reader.js'
import { ByteWriter } from '#dist/src/bytes/byte-writer.js'
import { TextTable } from '#dist/src/bytes/text-table.js'

type Value =
  | readonly ['uint' | 'float' | 'u8' | 'u32', number]
  | readonly ['text', string]
  | readonly ['bytes', Buffer]

const value: fc.Arbitrary<Value> = fc.oneof(
  fc.tuple(fc.constant('uint' as const), fc.oneof(fc.maxSafeNat(), fc.nat(300))),
  fc.tuple(fc.constant('u8' as const), fc.nat(255)),
  fc.tuple(fc.constant('u32' as const), fc.nat(0xffffffff)),
  fc.tuple(fc.constant('float' as const), fc.double({ noNaN: true })),
  fc.tuple(fc.constant('text' as const), fc.string({ unit: 'grapheme', maxLength: 100 })),
  fc.tuple(
    fc.constant('bytes' as const),
    fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
  ),
)

function write(w: ByteWriter, [kind, given]: Value): void {
  if (kind === 'text') w.text(given)
  else if (kind === 'bytes') w.bytes(given)
  else w[kind](given)
}

function read(r: ByteReader, kind: Value[0], again: boolean): unknown {
  return kind === 'text' && again ? r.known() : r[kind]()
}

t.test('what is written is read, in the same order', async () => {
  const texts = new TextTable()
  fc.assert(
    fc.property(fc.array(value, { maxLength: 40 }), fc.boolean(), (values, known) => {
      const w = new ByteWriter(1)
      for (const each of values) write(w, each)
      const taken = w.take()
      const r = new ByteReader(taken, 0, taken.length, texts)
      for (const [kind, given] of values) {
        const got = read(r, kind, known)
        if (Buffer.isBuffer(given) ? !given.equals(got as Buffer) : !Object.is(got, given)) return false
      }
      return r.left === 0
    }),
    { numRuns: 1000 },
  )
})

t.test('whatever is cut off is missed', async () => {
  fc.assert(
    fc.property(value, fc.nat(), (given, cut) => {
      const w = new ByteWriter()
      write(w, given)
      const all = w.take()
      const r = new ByteReader(all.subarray(0, cut % all.length))
      try {
        read(r, given[0], false)
      } catch (error) {
        return (error as { code?: string }).code === 'JR_PROTOCOL'
      }
      return false
    }),
    { numRuns: 1000 },
  )
})

t.test('texts that come again are one text, and others are not taken for them', async (t) => {
  const texts = new TextTable()
  const find = (text: string) => texts.find(Buffer.from(text), 0, Buffer.byteLength(text))
  for (const text of ['', 'a', 'resize', 'resizf', 'sesize', 'ž🐎', 'x'.repeat(300)]) {
    t.equal(find(text), text)
    t.equal(find(text), text)
  }
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 8 }), (text) => find(text) === text),
    { numRuns: 2000 },
  )
})

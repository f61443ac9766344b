import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import t from 'tap'
import { pack, unpackChecked } from '#dist/src/bytes/codec.js'
import { packError, unpackError } from '#dist/src/bytes/error-record.js'
import { packArgs } from '#dist/src/bytes/values.js'
import { CancelJob, JrError } from '#dist/src/errors.js'
import { messageOf } from '#dist/src/thrown.js'

t.test('what can be sent comes back', async () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.string(),
      fc.integer(),
      fc.double({ noNaN: true }),
      fc.boolean(),
      fc.constant(null),
      fc.bigInt(),
      fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(2 ** 41) }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.array(tie('any')),
      fc.dictionary(
        fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
        tie('any'),
      ),
    ),
  })).any
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
        value,
        { noNullPrototype: true },
      ),
      (args) => {
        const back = unpackChecked(packArgs(args))
        return show(back) === show(args)
      },
    ),
  )
})

/** As text in which what msgpack cannot tell apart looks alike: -0 and 0, lone surrogates. */
function show(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === 'bigint') return `${inner}n`
    if (typeof inner === 'string') return Buffer.from(inner).toString()
    return Object.is(inner, -0) ? 0 : inner
  })
}

t.test('what cannot be sent is refused with its path', async (t) => {
  const circular: Record<string, unknown> = {}
  circular.self = circular
  class User {}
  const bad: [unknown, RegExp][] = [
    [{ user: { save: () => {} } }, /^args\.user\.save is a function/],
    [{ list: [1, Symbol('s')] }, /^args\.list\[1\] is a symbol/],
    [{ a: new Map() }, /^args\.a is an instance of Map/],
    [{ a: [new User()] }, /^args\.a\[0\] is an instance of User/],
    [{ a: /x/ }, /RegExp/],
    [circular, /refers to itself/],
    [JSON.parse('{"__proto__": 1}'), /__proto__/],
    [[1], /^args: expected a plain object, got an array/],
    ['text', /^args: expected a plain object/],
    [null, /got null/],
    [{ big: 2n ** 9000n }, /8,000 bits/],
  ]
  for (const [value, message] of bad) t.throws(() => packArgs(value), { name: 'TypeError', message })
  t.same(unpackChecked(packArgs({ gone: undefined, here: 1 })), { here: 1 }, 'undefined is absent')
})

t.test('hostile bytes are refused before anything is made of them', async (t) => {
  const hostile: Record<string, Buffer> = {
    empty: Buffer.alloc(0),
    truncated: Buffer.from([0x92, 0x01]),
    trailing: Buffer.from([0x01, 0x02]),
    'never used': Buffer.from([0xc1]),
    'a record definition': Buffer.from([0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x01]),
    'an Error': Buffer.from([0xc7, 0x01, 0x65, 0x90]),
    'a Set': Buffer.from([0xc7, 0x01, 0x73, 0x90]),
    'a RegExp': Buffer.from([0xc7, 0x03, 0x78, 0x92, 0xa0, 0xa0]),
    'a typed array': Buffer.from([0xc7, 0x02, 0x74, 0x00, 0x00]),
    'a reference': Buffer.from([0xd6, 0x70, 0, 0, 0, 1]),
    'a huge array': Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]),
    'a huge map': Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff]),
    'a huge text': Buffer.from([0xdb, 0xff, 0xff, 0xff, 0xff]),
    'a map with a number as key': Buffer.from([0x81, 0x01, 0x01]),
    'a map with a map as key': Buffer.from([0x81, 0x80, 0x01]),
    'nested too deep': Buffer.alloc(1000, 0x91),
    'a flood of empty maps': Buffer.concat([
      Buffer.from([0xdd, 0, 0x10, 0, 0]),
      Buffer.alloc(0x100000, 0x80),
    ]),
    'a huge integer': Buffer.concat([Buffer.from([0xc8, 0xff, 0xff, 0x42]), Buffer.alloc(0xffff, 1)]),
  }
  for (const [name, bytes] of Object.entries(hostile))
    t.throws(() => unpackChecked(bytes), { code: 'JR_PROTOCOL' }, name)
  const polluted = unpackChecked(
    Buffer.from([0x81, 0xa9, ...Buffer.from('__proto__'), 0x81, 0xa1, 0x78, 0x01]),
  )
  t.equal(({} as { x?: number }).x, undefined)
  t.equal(Object.getPrototypeOf(polluted), Object.prototype)
})

t.test('errors cross as errors, whatever was thrown', async (t) => {
  const cause = new RangeError('deep down')
  const error = Object.assign(new TypeError('no', { cause }), { code: 'E_NO', extra: () => {} })
  const back = unpackError(packError(error))
  t.ok(back instanceof Error)
  t.match(back, {
    name: 'TypeError',
    message: 'no',
    code: 'E_NO',
    stack: error.stack,
    cause: { name: 'RangeError', message: 'deep down' },
  })
  t.match(unpackError(packError(new JrError('JR_TIMEOUT', 'late'))), { name: 'JrError', code: 'JR_TIMEOUT' })
  t.match(unpackError(packError(new CancelJob())), { name: 'CancelJob' })
  const circular: Error & { cause?: unknown } = new Error('round')
  circular.cause = circular
  const nasty = {
    get message() {
      throw new Error('in the getter')
    },
  }
  const odd: [unknown, string][] = [
    ['text', 'text'],
    [null, 'null'],
    [undefined, 'undefined'],
    [42, '42'],
    [Symbol('s'), 'a symbol was thrown: Symbol(s)'],
    [function late() {}, 'a function was thrown: late'],
    [{ status: 404 }, 'an object was thrown: {"status":404}'],
    [[1, [2]], 'an object was thrown: [1,[2]]'],
    [new Map([[1, 2]]), 'an object was thrown: {}'],
    [circular, 'round'],
    [Object.freeze(new Error('frozen')), 'frozen'],
    [nasty, 'an object was thrown: {"message":"[threw in the getter]"}'],
    [new Error('x'.repeat(100_000)), 'x'.repeat(4096)],
  ]
  for (const [thrown, message] of odd) {
    t.equal(unpackError(packError(thrown)).message, message)
    t.equal(messageOf(thrown), message)
  }
  t.throws(() => unpackError(pack('x').subarray(0, 1)), { code: 'JR_PROTOCOL' })
})

t.test('what an error carries crosses with it, within bounds', async (t) => {
  const thrown = Object.assign(new Error('no'), {
    status: 404,
    detail: { path: ['a', 'b'], big: 5n, at: new Date(0) },
    errno: -13,
    code: -13,
    retry: false,
    gone: undefined,
    call: () => {},
    long: 'x'.repeat(9000),
  })
  const back: object = unpackError(packError(thrown))
  t.match(back, {
    status: 404,
    detail: { path: ['a', 'b'], big: '5', at: '1970-01-01T00:00:00.000Z' },
    errno: -13,
    code: -13,
    retry: false,
    long: `${'x'.repeat(4096)}…`,
  })
  t.notOk('gone' in back || 'call' in back)
  for (const code of ['E', 5, 0, 7n, true, false]) {
    t.equal(unpackError(packError(Object.assign(new Error(), { code }))).code, code)
    t.equal(unpackError(packError(Object.assign(new Error(), { code }), 'JR_OTHER')).code, code)
  }
  t.equal(unpackError(packError(new Error(), 'JR_OTHER')).code, 'JR_OTHER')
  t.equal(typeof unpackError(packError(Object.assign(new Error(), { code: 2n ** 90n }))).code, 'string')

  const many = Array.from({ length: 100 }, (_, i) => Object.assign(new Error(`e${i}`), { i }))
  const all: Error = unpackError(packError(new AggregateError(many, 'all of them')))
  t.ok(all instanceof AggregateError)
  t.equal((all as AggregateError).errors.length, 16)
  t.match((all as AggregateError).errors[3], { message: 'e3', i: 3 })
  const list = unpackError(packError(Object.assign(new Error('bad form'), { errors: [{ field: 'name' }] })))
  t.match(list, { message: 'bad form', errors: [{ field: 'name' }] })
  const nested = unpackError(
    packError(new Error('out', { cause: Object.assign(new Error('in'), { status: 3 }) })),
  )
  t.match(nested, { cause: { message: 'in', status: 3 } })

  const circle: Error & { self?: unknown } = new Error('round')
  circle.self = { circle: [circle] }
  const nasty = new Proxy(new Error('mine'), {
    ownKeys: () => {
      throw new Error('in the proxy')
    },
  })
  const wide = Object.assign(
    new Error('wide'),
    Object.fromEntries(Array.from({ length: 9999 }, (_, i) => [`k${i}`, i])),
  )
  const deep: Record<string, unknown> = {}
  let at = deep
  for (let i = 0; i < 1000; i++) at = at.next = {}
  const hostile = [
    circle,
    nasty,
    wide,
    Object.assign(new Error('deep'), { deep }),
    Object.assign(new Error('args'), JSON.parse('{"__proto__":{"x":1}}')),
  ]
  for (const error of hostile) {
    const bytes = packError(error)
    t.ok(bytes.length < 64 * 1024, `${error.message}: ${bytes.length} bytes`)
    t.equal(unpackError(bytes).message, error.message)
  }
  t.equal(({} as { x?: number }).x, undefined)
})

t.test('bytes of others are not parsed by native code', async (t) => {
  // A process of its own: tap has code of its own in this one.
  const codec = new URL('../../dist/src/bytes/codec.js', import.meta.url).href
  const script = `import { unpack } from '${codec}'
    unpack(Buffer.from([0x81, 0xa1, 0x61, 0xa1, 0x62]))
    console.log(process.report.getReport().sharedObjects.filter((path) => path.endsWith('.node')).length)`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  t.equal(stdout, '0\n')
})

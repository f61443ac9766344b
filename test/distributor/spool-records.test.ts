import fc from 'fast-check'
import t from 'tap'
import { messageOf } from '#dist/distributor/sending/out-job.js'
import {
  FORMAT,
  goneRecord,
  headRecord,
  jobRecord,
  readRecords,
  safeRecord,
  sentRecord,
  spooledOf,
} from '#dist/distributor/sending/spool-records.js'
import { Ticket } from '#dist/distributor/told/ticket.js'
import { ByteWriter } from '#dist/src/bytes/byte-writer.js'
import { pack } from '#dist/src/bytes/codec.js'
import { writeJobFields } from '#dist/src/wire/job-fields.js'
import { agreed } from '../fixtures/record.mjs'
import { outJob, record } from './spooled.js'

const head = headRecord('app-1')
const job = (id: string) => jobRecord(outJob(id), 1000)

/** Each job, and the node that it was sent to. */
function liveOf(...records: Buffer[]): string[] {
  const { live } = readRecords(Buffer.concat(records))
  const clock = { now: () => 0, mono: () => 0 }
  return Array.from(live, ([id, each]) => {
    const { job, node } = spooledOf(each, clock)
    if (job.id !== id) throw new Error(`${job.id} is there as ${id}`)
    return node === null ? id : `${id} ${node} ${job.ticket.number}`
  })
}

t.test('what is live', async (t) => {
  const cases: [string, Buffer[], string[]][] = [
    ['nothing', [], []],
    ['a head', [head], []],
    ['jobs, in order', [head, job('b'), job('a')], ['b', 'a']],
    ['one is gone', [head, job('a'), job('b'), goneRecord('a')], ['b']],
    ['one was sent', [head, job('a'), job('b'), sentRecord('a', 'n1', 7)], ['a n1 7', 'b']],
    ['and sent again', [head, job('a'), sentRecord('a', 'n1', 7), sentRecord('a', 'n2', 3)], ['a n2 3']],
    ['sent, and not there', [head, sentRecord('a', 'n1', 7), goneRecord('b'), job('c')], ['c']],
    ['gone, and there again', [head, job('a'), sentRecord('a', 'n1', 7), goneRecord('a'), job('a')], ['a']],
  ]
  for (const [name, records, live] of cases) t.same(liveOf(...records), live, name)
})

/** A job's fields, as they are in its record. */
function fieldsOf(id: string): Buffer {
  const w = new ByteWriter()
  writeJobFields(w, messageOf(outJob(id), 0, 0))
  return w.take()
}

/** Flags, id, name, and a delay of 2 ** 53 - 1 ms. */
const TOO_LATE = Buffer.from([4, 1, 0x61, 1, 0x77, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 0])

t.test('what ends the file', async (t) => {
  const flipped = job('b')
  flipped[flipped.length - 1] = 0xff
  const cases: [string, Buffer][] = [
    ['a wrong checksum', flipped],
    ['zeros', Buffer.alloc(100)],
    ['a length beyond the end', Buffer.alloc(100, 0xff)],
    ['a part of a prefix', head.subarray(0, 7)],
    ['a second head', head],
    ['no MessagePack', record(Buffer.from([0xc1]))],
    ['no list', record(pack('job'))],
    ['a list that says nothing', record(pack([]))],
    ['a word that we do not know', record(pack(['what', 'a']))],
    ['a job with too little', record(pack(['job', 'a']))],
    ['a job without fields', record(pack(['job', 'a', 1000, null]))],
    ['a job with half its fields', record(pack(['job', 'a', 1000, Buffer.from([0, 1, 0x61])]))],
    ['a job with fields past the limits', record(pack(['job', 'a', 1000, TOO_LATE]))],
    ["a job with another one's fields", record(pack(['job', 'b', 1000, fieldsOf('a')]))],
    ['sent without a number', record(pack(['sent', 'a', 'n1', null]))],
    ['gone, and nobody', record(pack(['gone', 1]))],
  ]
  for (const [name, damage] of cases) {
    const { format, instance } = readRecords(Buffer.concat([head, damage]))
    t.same({ format, instance }, { format: FORMAT, instance: 'app-1' }, `${name}: the head`)
    t.same(liveOf(head, job('a'), damage), ['a'], name)
    if (damage.length > 7) t.same(liveOf(head, job('a'), damage, job('c')), ['a'], `${name}, in the middle`)
    // The head itself is one, here.
    if (damage !== head) t.same(liveOf(damage, head, job('a')), [], `${name}, at the beginning`)
  }
})

t.test('a file without a head, or of another format', async (t) => {
  const nothing = { format: null, instance: null }
  t.match(readRecords(Buffer.alloc(0)), nothing)
  t.match(readRecords(job('a')), nothing)
  t.match(readRecords(record(pack(['spool', FORMAT, null]))), nothing)
  const later = readRecords(Buffer.concat([record(pack(['spool', FORMAT + 1, { any: 'thing' }])), job('a')]))
  t.match(later, { format: FORMAT + 1, instance: null, live: new Map(), damaged: false })
})

t.test('a job comes back as it was, and the time that the app was away counts', async (t) => {
  const fields = {
    edition: 5,
    name: 'import',
    delayMs: 2000,
    runAt: null,
    agreed: agreed({
      period: '1m',
      missed: 'all',
      node: 'n1',
      backoff: { type: 'linear', delay: 2, max: 9 },
    }),
    args: pack({ some: 'args' }),
  } as const
  const before = outJob('a', { ...fields, ticket: new Ticket('a', 'import', null, null, true) })
  const { live } = readRecords(Buffer.concat([head, jobRecord(before, 1000)]))
  const records = live.get('a')
  if (records === undefined) throw new Error('it is not there')
  const { ticket, ...job } = spooledOf(records, { now: () => 1500, mono: () => 90 }).job
  t.same(job, {
    id: 'a',
    ...fields,
    bytes: fields.args.length,
    since: -410,
    suspicion: 0,
    sentBefore: [],
    bundle: null,
  })
  t.match(ticket, { id: 'a', name: 'import', wanted: true, status: 'held' })
  t.equal(spooledOf(records, { now: () => 0, mono: () => 90 }).job.since, 90, 'a clock that was set back')
})

const STEPS = [job('a'), job('b'), sentRecord('a', 'n1', 1), goneRecord('a'), job('c'), goneRecord('b')]
const FILE = Buffer.concat([head, ...STEPS])

/** What the records say that are whole before the first byte that is not as it was. */
function undamaged(file: Buffer): string[] {
  let same = 0
  while (same < file.length && file[same] === FILE[same]) same++
  const whole: Buffer[] = []
  for (const step of STEPS) {
    same -= step.length
    if (same < head.length) break
    whole.push(step)
  }
  return liveOf(head, ...whole)
}

t.test('a file that ends at any byte, with or without zeros behind it', async (t) => {
  for (let end = 0; end <= FILE.length; end++) {
    const torn = FILE.subarray(0, end)
    const zeroed = Buffer.concat([torn, Buffer.alloc(FILE.length - end)])
    const longer = Buffer.concat([zeroed, Buffer.alloc(5000)])
    for (const file of [torn, zeroed, longer])
      t.same(liveOf(file), undamaged(file), `${end} of ${file.length}`)
  }
})

t.test('whatever is written over a part of it: all before that is there, and nothing else', async () => {
  const part = fc.uint8Array({ maxLength: 200 })
  fc.assert(
    fc.property(fc.nat(FILE.length), part, fc.boolean(), (at, junk, goesOn) => {
      const rest = goesOn ? FILE.subarray(at + junk.length) : Buffer.alloc(0)
      const file = Buffer.concat([FILE.subarray(0, at), junk, rest])
      return liveOf(file).join() === undamaged(file).join()
    }),
    { numRuns: 2000 },
  )
  fc.assert(fc.property(part, (bytes) => readRecords(Buffer.from(bytes)).live.size === 0))
})

t.test('a record that was on the disk is damaged, and not torn', async (t) => {
  const file = Buffer.concat([head, job('a'), job('b')])
  const cases: [string, Buffer, boolean][] = [
    ['nothing behind it', file, false],
    ['a later one, of which nobody knows', Buffer.concat([file, job('c')]), false],
    ['on the disk up to it', Buffer.concat([file, safeRecord(head.length + job('a').length)]), false],
    ['on the disk', Buffer.concat([file, safeRecord(file.length)]), true],
    [
      'on the disk, and more behind',
      Buffer.concat([file, job('c'), safeRecord(file.length), job('d')]),
      true,
    ],
  ]
  for (const [name, bytes, damaged] of cases) {
    t.equal(readRecords(bytes).damaged, false, `${name}: whole`)
    const flipped = Buffer.from(bytes)
    flipped[file.length - 3] = (flipped[file.length - 3] ?? 0) ^ 1
    const read = readRecords(flipped)
    t.equal(read.damaged, damaged, name)
    t.equal(read.end, head.length + job('a').length)
  }
})

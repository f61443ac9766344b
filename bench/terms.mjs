// What terms of its own cost a job, in the app and in a node: parsed, sent, read, stored and read again. No disk, no socket.
// node bench/terms.mjs
import { ByteReader } from '../dist/src/bytes/byte-reader.js'
import { ByteWriter } from '../dist/src/bytes/byte-writer.js'
import { TextTable } from '../dist/src/bytes/text-table.js'
import { FRESH } from '../dist/src/job/course.js'
import { parseEnqueueOptions } from '../dist/src/job/enqueue-options.js'
import { IMMEDIATE } from '../dist/src/job/lane.js'
import { noRepeats, readJob, writeJob } from '../dist/src/store/record-fields.js'
import { readJobFields, writeJobFields } from '../dist/src/wire/job-fields.js'

const COUNT = 2000
const ROUNDS = 40
const NOW = 1_790_000_000_000
const args = Buffer.alloc(150, 1)
const texts = new TextTable()
const w = new ByteWriter(COUNT * 300)

const OPTIONS = {
  'no options': () => undefined,
  'three terms, the same': () => ({ maxAttempts: 3, timeout: 30, backoff: 2 }),
  'three terms, others each time': (i) => ({ maxAttempts: 1 + (i % 7919), timeout: 30, backoff: i % 13 }),
}

const wait = { delayMs: null, byWall: false, wanted: true, heldMs: 0, sentBefore: [] }
const place = { lane: IMMEDIATE, due: NOW, seq: 1 }
const rest = {
  byWall: false,
  distributor: 'app',
  instance: 'life',
  wanted: true,
  enqueuedAt: NOW,
  course: FRESH,
}

const STEPS = {
  parse: (options) => parseEnqueueOptions(options, NOW).agreed,
  send: (agreed, i) =>
    writeJobFields(w, { job: { id: `job-${i}`, edition: 0, name: 'work', agreed, args }, ...wait }),
  read: (r) => readJobFields(r),
  store: (job) => writeJob(w, job, noRepeats()),
  load: (r) => readJob(r, noRepeats()),
}

/** ns a job of each step. */
function round(make) {
  const took = {}
  const timed = (step, list) => {
    const from = process.hrtime.bigint()
    const out = new Array(COUNT)
    for (let i = 0; i < COUNT; i++) out[i] = STEPS[step](list[i], i)
    took[step] = Number(process.hrtime.bigint() - from) / COUNT
    return out
  }
  const written = () => {
    const bytes = w.peek((all, from, end) => Buffer.from(all.subarray(from, end)))
    w.cut(0)
    return new Array(COUNT).fill(new ByteReader(bytes, 0, bytes.length, texts))
  }
  const agreed = timed(
    'parse',
    Array.from({ length: COUNT }, (_, i) => make(i)),
  )
  timed('send', agreed)
  const sent = timed('read', written())
  timed(
    'store',
    sent.map(({ job }) => ({ ...place, ...rest, ...job })),
  )
  timed('load', written())
  return took
}

const best = Object.fromEntries(Object.keys(OPTIONS).map((name) => [name, {}]))
for (let i = 0; i < ROUNDS; i++) {
  for (const [name, make] of Object.entries(OPTIONS)) {
    for (const [step, ns] of Object.entries(round(make))) best[name][step] = [...(best[name][step] ?? []), ns]
  }
}
const steps = Object.keys(STEPS)
console.log(['ns a job', ...steps, 'all'].join('\t'))
for (const [name, took] of Object.entries(best)) {
  const least = steps.map((step) => Math.min(...took[step]))
  console.log(
    [name, ...least, least.reduce((a, b) => a + b)]
      .map((n) => (typeof n === 'number' ? Math.round(n) : n))
      .join('\t'),
  )
}

// `npm run docs`: writes what follows from the code into the pages. With --check it only says whether they are as they should be.
import { readFileSync, writeFileSync } from 'node:fs'
import { ERROR_CODES } from '../dist/src/errors.js'
import { agree, HIGHEST_TERM } from '../dist/src/job/terms/agreed.js'
import { INNER_TERMS, TERMS } from '../dist/src/job/terms/table.js'
import { DISTRIBUTOR_OPTIONS } from '../dist/src/options/distributor-options.js'
import { LINK_OPTIONS } from '../dist/src/options/link-options.js'
import { NODE_OPTIONS } from '../dist/src/options/node-options.js'
import { docstring, renderMarkdown } from '../dist/src/options/render.js'
import { LIMIT_FIELDS, NAME_FIELDS } from '../dist/src/verbs/controls.js'
import { ATTEMPT_FIELDS, FACTS, LINE_FIELDS } from '../dist/src/verbs/facts.js'
import { VERBS } from '../dist/src/verbs/table.js'
import { WAIT_FIELDS } from '../dist/src/verbs/waits.js'
import { FrameWriter } from '../dist/src/wire/frame.js'
import { linkMessages } from '../dist/src/wire/link-messages.js'
import * as line from './command-line.mjs'
import * as http from './http-api.mjs'

const args = Buffer.from('81a16101', 'hex')
const nothing = Buffer.alloc(0)
const MESSAGES = [
  { type: 'ping' },
  { type: 'pong' },
  { type: 'bye', reason: 'stopping' },
  {
    type: 'enqueue',
    number: 1,
    job: {
      id: 'job-1',
      edition: 0,
      name: 'resize',
      agreed: agree({ maxAttempts: 3, backoff: { type: 'linear', delay: 5 } }, []),
      args,
    },
    delayMs: 20_000,
    byWall: false,
    wanted: true,
    heldMs: 0,
    sentBefore: [],
  },
  { type: 'forget', ids: ['job-1'] },
  { type: 'cancel', request: 1, id: 'job-1' },
  { type: 'watch', request: 2, id: 'job-1', key: '' },
  { type: 'outcomes-taken', first: 3, count: 12 },
  { type: 'request', request: 3, verb: 'load', body: Buffer.from('81a26964a56a6f622d31', 'hex') },
  { type: 'listen', on: true },
  {
    type: 'welcome',
    taken: 0,
    creditJobs: 4096,
    creditBytes: 8388608,
    maxArgs: 262144,
    jobs: [{ name: 'resize', defer: false }],
    unknownJob: 'fail',
    evented: 100,
    deferred: 1,
    alone: true,
    terms: HIGHEST_TERM,
    minPriority: -10,
    maxPriority: 100,
  },
  { type: 'accepted', number: 1 },
  { type: 'joined', number: 1, id: 'job-1' },
  { type: 'progress', id: 'job-1', name: 'resize', attempt: 1, value: Buffer.from('a3353025', 'hex') },
  { type: 'refused', number: 1, code: 'JR_STOPPED', message: 'node n1 is stopping', job: '' },
  {
    type: 'outcome',
    stored: true,
    outcome: {
      seq: 4294967298,
      distributor: 'app',
      instance: 'life-1',
      id: 'job-1',
      edition: 0,
      name: 'resize',
      state: 'completed',
      slot: 0,
      more: false,
      node: 'n1',
      attempt: 1,
      enqueuedAt: 1790000000000,
      startedAt: 1790000000001,
      finishedAt: 1790000000005,
      child: 4711,
      args,
      error: nothing,
    },
  },
  { type: 'reply', request: 1, ok: true, body: Buffer.from('a963616e63656c6c6564', 'hex') },
  { type: 'node-state', status: 'paused', jobs: [], evented: 100, deferred: 1, busy: 0 },
]

function example(message) {
  const writer = new FrameWriter(linkMessages)
  writer.add(message)
  const hex = writer.take().toString('hex')
  return `**${message.type}**\n\n\`\`\`\n${hex.match(/.{1,96}/g).join('\n')}\n\`\`\``
}

function codes() {
  const rows = Object.entries(ERROR_CODES).map(([code, text]) => `| \`${code}\` | ${text} |`)
  return ['| code | |', '|---|---|', ...rows].join('\n')
}

function verbs() {
  const rows = Object.entries(VERBS).map(([name, { right, says, asks, answers }]) =>
    row([`\`${name}\``, right, asks.says, answers.says, says]),
  )
  const head = [row(['verb', 'right', 'asked', 'answered', '']), '|---|---|---|---|---|']
  return [
    ...head,
    ...rows,
    ...fields('**The facts of a job.** Times are in milliseconds since 1970; 0: not yet.', FACTS),
    '',
    ...fields('**A line of its log.** `facts`: JSON of an object, or empty.', LINE_FIELDS),
    '',
    ...fields(
      '**The attempts of a job**: the last ten that are over and have counted, the oldest first.',
      ATTEMPT_FIELDS,
    ),
    ...fields(
      '**Why it waits.** `by`: who has paused it; `opensAt`: when a rate lets it begin.',
      WAIT_FIELDS,
    ),
    ...fields(
      '**The facts of a name.** `limits` are those of its job file, `set` those in place of them.',
      NAME_FIELDS,
    ),
    ...fields(
      '**Limits.** A rate: how many attempts may begin in any span of so many milliseconds.',
      LIMIT_FIELDS,
    ),
  ].join('\n')
}

function fields(about, of) {
  const rows = Object.entries(of).map(([name, { says }]) => row([name, says]))
  return ['', about, '', row(['field', '']), '|---|---|', ...rows]
}

function termsOfBytes() {
  const rows = Object.entries(TERMS).map(([name, { no, form }]) => row([no, name, form]))
  return [row(['number', 'term', 'value']), '|---|---|---|', ...rows].join('\n')
}

/** The line above each term in its table. */
function termsToGive() {
  const source = readFileSync(new URL('../src/job/terms/table.ts', import.meta.url), 'utf8')
  const given = Object.keys(TERMS).filter((name) => !INNER_TERMS.includes(name))
  const rows = given.map((name) => {
    const text = new RegExp(`^ {2}/\\*\\* (.+) \\*/\\n {2}${name}: `, 'm').exec(source)?.[1]
    if (text === undefined) throw new Error(`the term '${name}' has no line above it that says what it is`)
    return row([`\`${name}\``, text])
  })
  return [row(['term', '']), '|---|---|', ...rows].join('\n')
}

function row(cells) {
  return `| ${cells.join(' | ')} |`
}

const PARTS = [
  [
    'docs/options.md',
    'options',
    `### A node\n\n${renderMarkdown(NODE_OPTIONS)}\n\n### A distributor\n\n${renderMarkdown(DISTRIBUTOR_OPTIONS, false)}`,
  ],
  ['PROTOCOL.md', 'examples', MESSAGES.map(example).join('\n\n')],
  ['PROTOCOL.md', 'verbs', verbs()],
  ['PROTOCOL.md', 'terms', termsOfBytes()],
  ['docs/guide.md', 'terms', termsToGive()],
  ['docs/guide.md', 'errors', codes()],
  ['docs/command-line.md', 'commands', line.commands()],
  ['docs/command-line.md', 'exits', line.exits()],
  ['docs/command-line.md', 'helps', line.helps()],
  ['docs/http-api.md', 'routes', http.routes()],
  ['docs/http-api.md', 'schemas', http.schemas()],
  ['docs/http-api.md', 'statuses', http.statuses()],
  ['docs/http-api.md', 'codes', http.codes()],
]

const TABLES = [
  ['src/options/link-options.ts', LINK_OPTIONS],
  ['src/options/node-options.ts', NODE_OPTIONS],
  ['src/options/distributor-options.ts', DISTRIBUTOR_OPTIONS],
]

function part(page, file, name, text) {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`]
  const from = page.indexOf(start)
  const to = page.indexOf(end)
  if (from < 0 || to < 0) throw new Error(`${file} has no ${start} … ${end}`)
  return `${page.slice(0, from + start.length)}\n${text}\n${page.slice(to)}`
}

/** Above each option of a table its docstring, which editors show wherever the option is written. */
function documented(source, table) {
  const bare = source.replace(/^ {2}\/\*\* .* \*\/\n(?= {2}\w+: )/gm, '')
  return bare.replace(/^ {2}(\w+): /gm, (line, key) =>
    Object.hasOwn(table, key) ? `  /** ${docstring(table[key])} */\n${line}` : line,
  )
}

const made = new Map()
const put = (file, change) =>
  made.set(file, change(made.get(file) ?? readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')))
for (const [file, name, text] of PARTS) put(file, (page) => part(page, file, name, text))
for (const [file, table] of TABLES) put(file, (source) => documented(source, table))

for (const [file, text] of made) {
  const path = new URL(`../${file}`, import.meta.url)
  if (readFileSync(path, 'utf8') === text) continue
  if (process.argv.includes('--check')) {
    console.error(`${file} is not what the code says; run npm run docs`)
    process.exitCode = 1
  } else writeFileSync(path, text)
}

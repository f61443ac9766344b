import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { WINDOWS } from '#dist/src/window.js'
import { FrameReader } from '#dist/src/wire/frame.js'
import { linkMessages } from '#dist/src/wire/link-messages.js'

const PAGES = ['README.md', 'ARCHITECTURE.md', 'PROTOCOL.md', 'CHANGELOG.md', 'examples/README.md']
const GUIDES = [
  'docs/guide.md',
  'docs/options.md',
  'docs/contributing.md',
  'docs/store-authors.md',
  'docs/stores.md',
  'docs/redis.md',
  'docs/from-jobreactor.md',
  'docs/benchmarks.md',
  'docs/performance.md',
  'docs/scaling.md',
]

t.test('what is made of the code is up to date', async () => {
  await promisify(execFile)(process.execPath, ['docs/generate.mjs', '--check'])
})

t.test('the examples of the protocol are the messages that they say', async (t) => {
  const page = readFileSync('PROTOCOL.md', 'utf8')
  const examples = [...page.matchAll(/^\*\*([a-z-]+)\*\*\n\n```\n([0-9a-f\n]+)```/gm)]
  t.ok(examples.length >= 15)
  for (const [, type = '', hex = ''] of examples) {
    const reader = new FrameReader(linkMessages, { maxFrame: 65536 })
    const messages = reader.push(Buffer.from(hex.replaceAll('\n', ''), 'hex'))
    t.match(messages, [{ type }], type)
    t.equal(reader.partial, false)
  }
})

t.test('links between the pages lead somewhere', async (t) => {
  for (const page of [...PAGES, ...GUIDES]) {
    const text = readFileSync(page, 'utf8')
    for (const [, link = ''] of text.matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
      if (!/^https?:/.test(link)) t.ok(existsSync(join(dirname(page), link)), `${page}: ${link}`)
    }
    for (const [, link = ''] of text.matchAll(/\]\(#([^)]+)\)/g)) {
      const headings = [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
        (match[1] ?? '').toLowerCase().replaceAll(' ', '-'),
      )
      t.ok(headings.includes(link), `${page}: #${link}`)
    }
  }
})

t.test('the table of queues says what their windows are', async (t) => {
  const page = readFileSync('ARCHITECTURE.md', 'utf8')
  const rows = [...page.matchAll(/^\| `([a-z]+)`: [^|]+\| ([0-9,]+) [^|]*?, ([0-9]+) MiB/gm)]
  const said = rows.map(([, name = '', count = '', mib]) => {
    return [name, { count: Number(count.replaceAll(',', '')), bytes: Number(mib) * 1024 ** 2 }]
  })
  t.same(Object.fromEntries(said), WINDOWS)
})

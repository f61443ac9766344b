import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import t from 'tap'
import { WINDOWS } from '#dist/src/window.js'
import { FrameReader } from '#dist/src/wire/frame.js'
import { linkMessages } from '#dist/src/wire/link-messages.js'
import '../plain-processes.js'

t.test('what is made of the code is up to date', async () => {
  await promisify(execFile)(process.execPath, ['docs/generate.mjs', '--check'])
})

t.test('the examples of the protocol are the messages that they say', async (t) => {
  const page = readFileSync('PROTOCOL.md', 'utf8')
  const examples = [...page.matchAll(/^\*\*([a-z-]+)\*\*\n\n```\n([0-9a-f\n]+)```/gm)]
  t.ok(examples.length >= 15)
  for (const [, type = '', hex = ''] of examples) {
    const reader = new FrameReader(linkMessages, { maxFrame: 65536 })
    reader.push(Buffer.from(hex.replaceAll('\n', ''), 'hex'))
    t.match(reader.take(), [{ type }], type)
    t.equal(reader.partial, false)
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

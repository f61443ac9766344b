import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { ClassicLevel } from 'classic-level'
import { Packr } from 'msgpackr/pack'
import { frames, sender } from './frames.mjs'

const [port, dir] = process.argv.slice(2)
const packr = new Packr({ useRecords: false })
const db = new ClassicLevel(dir, { keyEncoding: 'utf8', valueEncoding: 'buffer' })
await db.open()
const app = connect(Number(port), '127.0.0.1')
app.setNoDelay(true)
const child = spawn(process.execPath, [new URL('./child.mjs', import.meta.url).pathname], {
  stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
})
process.on('exit', () => child.kill('SIGKILL'))
const toApp = sender(app)
const toChild = sender(child.stdio[3])

// One batch at a time; the next holds all that arrived meanwhile.
let changes = []
let writing = false
async function commit() {
  writing = true
  while (changes.length > 0) {
    const group = changes
    changes = []
    const batch = db.batch()
    for (const [kind, id, value] of group) {
      if (kind === 'job') batch.put(`j${id}`, value)
      else if (kind === 'result') batch.del(`j${id}`).put(`o${id}`, value)
      else batch.del(`o${id}`)
    }
    await batch.write({ sync: true })
    for (const [kind, id, , args] of group) {
      if (kind === 'job') toChild([id, args])
      else if (kind === 'result') toApp([id, args])
    }
  }
  writing = false
}

function add(change) {
  changes.push(change)
  if (!writing && changes.length === 1) setImmediate(commit)
}

frames(app, (messages) => {
  for (const [kind, id, args] of messages) {
    if (kind === 0) add(['job', id, packr.pack(args), args])
    else for (const taken of id) add(['taken', taken])
  }
})
frames(child.stdio[3], (messages) => {
  for (const [id, args] of messages) add(['result', id, packr.pack(args), args])
})
app.on('close', () => process.exit())

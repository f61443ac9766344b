// Spools jobs in a folder until its file has been rewritten a few times, and is killed: `spooler.mjs <dir>`.
import { statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Spool } from '#dist/distributor/sending/spool.js'
import { SYSTEM } from '#dist/src/surroundings.js'
import { plainJob } from '../fixtures/plain-job.mjs'

const [, , dir] = process.argv
const say = (what) => writeSync(1, `${JSON.stringify(what)}\n`)
const open = () => Spool.open(dir, SYSTEM, (error) => say({ failed: error.message }))
const job = (id) => {
  const made = plainJob(id, Buffer.alloc(100_000, id))
  made.ticket.number = 1
  return made
}

const { spool: first } = await open()
for (const id of ['a', 'b', 'c', 'gone']) first.add(job(id), Date.now(), performance.now())
first.sent(job('b'), 'n1')
first.remove('gone')
// Which is when all of it has been synced.
await first.close()
say({ synced: first.instance })

const { spool } = await open()
const made = new Set()
for (let i = 0; made.size < 4; i++) {
  made.add(statSync(join(dir, 'spool.log')).ino)
  spool.add(job(`more${i}`), Date.now(), performance.now())
  spool.remove(`more${i}`)
  await new Promise((resolve) => setImmediate(resolve))
}
process.kill(process.pid, 'SIGKILL')

// Moves a job with a row of its own twice, with a block of LevelDB's log between the two, and loses the power. Nobody
// waits for any of it: `moves.mjs <dir>`.

import { levelStore } from 'job-reactor/store'
import { TIMED } from '#dist/src/job/lane.js'
import { recordOf } from '../fixtures/record.mjs'

const store = levelStore({ dir: process.argv[2] })
await store.open('n1')
const job = (id, seq, bytes) => recordOf({ id, seq, lane: TIMED, due: 5000, args: Buffer.alloc(bytes, id) })
const insert = (record) => ({ kind: 'insert', job: record, ownId: false, number: null })
const move = (id, from, to) => {
  return { kind: 'move', from: job(id, from, 10), running: false, to: job(id, to, 10), outcome: null }
}
await store.commit([insert(job('small', 1, 10))], true)
await store.commit([move('small', 1, 2)], false)
await store.commit([insert(job('large', 3, 33_000))], false)
await store.commit([move('small', 2, 4)], false)
process.kill(process.pid, 'SIGKILL')

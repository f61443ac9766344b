// Begins and ends a job that has rows of its own, and whose notes say where it is, and loses the power. Nobody waits for that:
// `noted.mjs <dir>`.

import { levelStore } from 'job-reactor/store'
import { TIMED } from '#dist/src/job/lane.js'
import { recordOf } from '../fixtures/record.mjs'

const store = levelStore({ dir: process.argv[2] })
await store.open('n1')
const note = (key, value) => ({ shelf: { name: 'jobs', own: false }, key, value })
const job = recordOf({ id: 'job', seq: 1, lane: TIMED, due: 5000, args: Buffer.alloc(10, 'job') })
const there = Buffer.alloc(0)
const inserted = { kind: 'insert', job, ownId: false, number: null, notes: [note('job waits 1', there)] }
await store.commit([inserted], true)
const begun = [note('job waits 1', null), note('job runs 1', there)]
await store.commit([{ kind: 'begin', job, startedAt: 7, notes: begun }], false)
const over = [note('job runs 1', null)]
await store.commit([{ kind: 'end', from: job, running: true, outcome: null, keep: null, notes: over }], false)
process.kill(process.pid, 'SIGKILL')

import { setImmediate as nextTurn } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { better, defineQueue, defineWorker } from 'plainjob'
import { runWorker, work } from '../../in-worker.mjs'

// Its loop never gives way while there are jobs: the pipe to the app would not be written.
const JOBS_A_TURN = 50

runWorker(async ({ file }) => {
  const logger = { error: console.error, warn() {}, info() {}, debug() {} }
  const queue = defineQueue({ connection: better(new Database(file)), logger })
  let results = []
  const send = () => {
    process.send(results)
    results = []
  }
  const processor = (job) => {
    if (results.push(work(JSON.parse(job.data))) === 1) setImmediate(send)
    if (results.length >= JOBS_A_TURN) return nextTurn()
  }
  const worker = defineWorker('noop', processor, { queue, logger, pollIntervall: 5 })
  return () => void worker.start()
})

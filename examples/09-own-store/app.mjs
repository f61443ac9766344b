// A node that keeps its jobs in a store of our own, stopped and started again while jobs wait.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { JR } from 'job-reactor'
import { fileStore } from './file-store.mjs'

const dir = mkdtempSync(join(tmpdir(), 'own-store-'))
const address = await JR.startDistributor({ port: 0 })
const node = () =>
  JR.startNode({
    name: 'worker_1',
    store: fileStore(dir),
    jobs: new URL('./reactor_jobs', import.meta.url).pathname,
    distributors: [address],
    logLevel: 'error',
  })

const first = await node()
const lines = ['to be or not to be', 'that is the question', 'whether']
const jobs = lines.map((text) => JR.enqueue('count_words', { text }, { after: '300ms' }))
const results = jobs.map((job) => job.result())
await Promise.all(jobs.map((job) => job.accepted))
await first.stop()
console.log(`${jobs.length} jobs are in the log, and no node is there`)

const second = await node()
for (const { text, words } of await Promise.all(results)) console.log(`${words}: ${text}`)

await second.stop()
await JR.stop()
rmSync(dir, { recursive: true })

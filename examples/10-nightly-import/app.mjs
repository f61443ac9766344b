import { JR } from 'job-reactor'

await JR.startDistributor()
await JR.spawnNode({
  name: 'worker_1',
  jobs: new URL('./reactor_jobs', import.meta.url).pathname,
  store: 'memory',
  logLevel: 'error',
  backoff: 0.1,
})

const { rows, first, attempts } = await JR.enqueue('import', { pages: 8 }).result()
console.log(`${rows} rows of 8 pages; attempt ${attempts} went on with page ${first}`)
await JR.stop()

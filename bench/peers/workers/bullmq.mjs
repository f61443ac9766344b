import { Worker } from 'bullmq'
import { runWorker, work } from '../../in-worker.mjs'

runWorker(async ({ port }) => {
  const worker = new Worker('bench', async (job) => work(job.data), {
    connection: { host: '127.0.0.1', port, maxRetriesPerRequest: null },
    concurrency: 100,
    autorun: false,
    removeOnComplete: { count: 0 },
  })
  worker.on('error', console.error)
  await worker.waitUntilReady()
  return () => void worker.run()
})

import Queue from 'bee-queue'
import { runWorker, work } from '../../in-worker.mjs'

runWorker(async ({ port }) => {
  const queue = new Queue('bench', {
    redis: { host: '127.0.0.1', port },
    getEvents: false,
    storeJobs: false,
    removeOnSuccess: true,
    activateDelayedJobs: true,
    delayedDebounce: 10,
  })
  queue.on('error', console.error)
  await queue.ready()
  return () => queue.process(50, async (job) => work(job.data))
})

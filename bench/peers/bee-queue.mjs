// bee-queue on Redis. As its README advises for speed: `removeOnSuccess`, `storeJobs: false` with results by the queue's
// own event instead of an event for each job, `isWorker: false` in the app, `getEvents: false` in the worker, and
// `saveAll` for many jobs at once. 50 jobs at once in the worker; 500 were slower here. `delayedDebounce` is 10 ms
// instead of one second, which would be how late delayed jobs are.
import { startWorker } from '../worker.mjs'
import { REDIS, redisVersion, startRedis } from './servers/redis.mjs'
import { packageVersion } from './versions.mjs'

function onRedis(appendfsync, durability) {
  return {
    name: `bee-queue, ${appendfsync}`,
    durability,
    results: 'queue events (Redis pub/sub, not stored)',
    needs: REDIS,
    packages: ['bee-queue'],
    async start(sample) {
      const { default: Queue } = await import('bee-queue')
      const port = await startRedis(sample, appendfsync)
      const queue = new Queue('bench', {
        redis: { host: '127.0.0.1', port },
        isWorker: false,
        getEvents: true,
        storeJobs: false,
      })
      queue.on('error', sample.fail)
      await queue.ready()
      queue.on('job succeeded', (_id, result) => sample.inbox.take(result))
      queue.on('job failed', (_id, error) => sample.fail(error))
      const worker = await startWorker(sample, new URL('./workers/bee-queue.mjs', import.meta.url), { port })
      const enqueue = (args) => queue.createJob(args).save()
      return {
        enqueue,
        enqueueLarge: enqueue,
        storedUntil: (args, due) => queue.createJob(args).delayUntil(due).save(),
        enqueueMany: (list) => queue.saveAll(list.map((args) => queue.createJob(args))),
        release: worker.release,
        versions: { 'bee-queue': packageVersion('bee-queue'), redis: redisVersion() },
      }
    },
  }
}

export const beeQueue = [
  onRedis('everysec', 'AOF, fsync once a second'),
  onRedis('always', 'AOF, fsync before each answer'),
]

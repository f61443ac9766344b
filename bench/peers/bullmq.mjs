// BullMQ on Redis. As its documentation advises: an append-only file and maxmemory-policy noeviction ("Going to
// production"), a `concurrency` of 100 for jobs that do not block ("Concurrency"; 500 was slower here), `removeOnComplete` ("Auto-removal of
// jobs"), `addBulk` for many ("Adding jobs in bulk"). Results: one QueueEvents listener, which costs less than
// `waitUntilFinished` for each job. Its stream of events is trimmed at about 10,000 by default, which would lose results
// here: `streams.events.maxLen` is raised.

import { startWorker } from '../worker.mjs'
import { REDIS, redisVersion, startRedis } from './servers/redis.mjs'
import { packageVersion } from './versions.mjs'

function onRedis(appendfsync, durability) {
  return {
    name: `BullMQ, ${appendfsync}`,
    durability,
    results: 'QueueEvents (a Redis stream)',
    needs: REDIS,
    packages: ['bullmq', 'ioredis'],
    async start(sample) {
      const { Queue, QueueEvents } = await import('bullmq')
      const port = await startRedis(sample, appendfsync)
      const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null }
      const queue = new Queue('bench', {
        connection,
        streams: { events: { maxLen: 1_000_000 } },
        defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
      })
      queue.on('error', sample.fail)
      await queue.waitUntilReady()
      const events = new QueueEvents('bench', { connection, autorun: true })
      events.on('error', sample.fail)
      await events.waitUntilReady()
      events.on('completed', ({ returnvalue }) => sample.inbox.take(returnvalue))
      events.on('failed', ({ failedReason }) => sample.fail(new Error(failedReason)))
      const worker = await startWorker(sample, new URL('./workers/bullmq.mjs', import.meta.url), { port })
      const enqueue = (args) => queue.add('noop', args)
      return {
        enqueue,
        enqueueLarge: enqueue,
        storedUntil: (args, due) => queue.add('noop', args, { delay: Math.max(0, due - Date.now()) }),
        enqueueMany: (list) => queue.addBulk(list.map((data) => ({ name: 'noop', data }))),
        release: worker.release,
        versions: { bullmq: packageVersion('bullmq'), redis: redisVersion() },
      }
    },
  }
}

export const bullmq = [
  onRedis('everysec', 'AOF, fsync once a second'),
  onRedis('always', 'AOF, fsync before each answer'),
]

import { Logger, run } from 'graphile-worker'
import { runWorker, work } from '../../in-worker.mjs'
import { teller } from './postgres-tell.mjs'

runWorker(async ({ url }) => {
  const tell = await teller(url)
  return () =>
    run({
      logger: new Logger(() => (level, message) => level === 'error' && console.error(message)),
      noHandleSignals: true,
      taskList: { noop: async (args) => void (await tell([work(args)])) },
      preset: {
        worker: {
          connectionString: url,
          concurrentJobs: 24,
          maxPoolSize: 25,
          localQueue: { size: 500 },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        },
      },
    })
})

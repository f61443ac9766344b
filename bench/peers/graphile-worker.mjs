// graphile-worker on PostgreSQL. The settings of its page "Performance": 24 concurrent jobs (100 and 300 were no faster
// here), a pool of 25 connections, a local queue of 500, completions in batches (`completeJobBatchDelay: 0`), `addJobs`
// for many. It looks for delayed jobs that have become due every two seconds, its default.
import { startWorker } from '../worker.mjs'
import { POSTGRES, postgresVersion, startPostgres } from './servers/postgres.mjs'
import { listen } from './servers/postgres-listen.mjs'
import { packageVersion } from './versions.mjs'

export const graphileWorker = {
  name: 'graphile-worker',
  durability: 'PostgreSQL, fsync at each commit',
  results: 'NOTIFY, told by the task before it ends, those of a tick together',
  needs: POSTGRES,
  packages: ['graphile-worker', 'pg'],
  node: 22,
  async start(sample) {
    const { Logger, makeWorkerUtils } = await import('graphile-worker')
    const url = await startPostgres(sample)
    await listen(sample, url)
    const utils = await makeWorkerUtils({
      logger: new Logger(() => () => {}),
      preset: { worker: { connectionString: url, maxPoolSize: 25 } },
    })
    sample.defer(() => utils.release())
    await utils.migrate()
    const worker = await startWorker(sample, new URL('./workers/graphile-worker.mjs', import.meta.url), {
      url,
    })
    const enqueue = (args) => utils.addJob('noop', args)
    return {
      enqueue,
      enqueueLarge: enqueue,
      storedUntil: (args, due) => utils.addJob('noop', args, { runAt: new Date(due) }),
      enqueueMany: (list) => utils.addJobs(list.map((payload) => ({ identifier: 'noop', payload }))),
      release: worker.release,
      versions: { 'graphile-worker': packageVersion('graphile-worker'), postgresql: postgresVersion() },
    }
  },
}

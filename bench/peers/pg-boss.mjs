// pg-boss on PostgreSQL. What its documentation has for speed: batches of jobs (`batchSize`), fetching again at once while
// batches come back full (`burstWhenBatchFull`), `insert` for many. Two rows: workers woken by LISTEN/NOTIFY
// (`useListenNotify`, and `notify` of the queue), which is quick for single jobs but costs each `send`; and polling at
// the shortest interval that it takes, half a second.
import { startWorker } from '../worker.mjs'
import { POSTGRES, postgresVersion, startPostgres } from './servers/postgres.mjs'
import { listen } from './servers/postgres-listen.mjs'
import { packageVersion } from './versions.mjs'

const pgBossWith = (wake, notify) => ({
  name: `pg-boss, ${wake}`,
  durability: 'PostgreSQL, fsync at each commit',
  results: 'NOTIFY, told by the handler before it ends, a batch together',
  needs: POSTGRES,
  packages: ['pg-boss', 'pg'],
  node: 22,
  async start(sample) {
    const { PgBoss } = await import('pg-boss')
    const url = await startPostgres(sample)
    await listen(sample, url)
    const boss = new PgBoss({ connectionString: url, max: 25, supervise: false, schedule: false })
    boss.on('error', sample.fail)
    await boss.start()
    sample.defer(() => boss.stop({ graceful: false }))
    await boss.createQueue('bench', { notify })
    const worker = await startWorker(sample, new URL('./workers/pg-boss.mjs', import.meta.url), {
      url,
      notify,
    })
    const enqueue = (args) => boss.send('bench', args)
    return {
      enqueue,
      enqueueLarge: enqueue,
      storedUntil: (args, due) => boss.send('bench', args, { startAfter: new Date(due) }),
      enqueueMany: (list) =>
        boss.insert(
          'bench',
          list.map((data) => ({ data })),
        ),
      release: worker.release,
      versions: { 'pg-boss': packageVersion('pg-boss'), postgresql: postgresVersion() },
    }
  },
})

export const pgBoss = [pgBossWith('notify', true), pgBossWith('polling', false)]

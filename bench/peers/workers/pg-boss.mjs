import { PgBoss } from 'pg-boss'
import { runWorker, work } from '../../in-worker.mjs'
import { teller } from './postgres-tell.mjs'

runWorker(async ({ url, notify }) => {
  const tell = await teller(url)
  const boss = new PgBoss({ connectionString: url, max: 10, useListenNotify: notify, schedule: false })
  boss.on('error', console.error)
  await boss.start()
  return () =>
    boss.work(
      'bench',
      {
        batchSize: 500,
        burstWhenBatchFull: true,
        pollingIntervalSeconds: 0.5,
        notifyPollingIntervalSeconds: 0.5,
      },
      (jobs) => tell(jobs.map((job) => work(job.data))),
    )
})

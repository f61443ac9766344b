import { JR } from 'job-reactor'

await JR.startDistributor()
await JR.spawnNode({
  name: 'worker_1',
  jobs: new URL('./reactor_jobs', import.meta.url).pathname,
  store: 'memory',
  logLevel: 'silent',
})

const paid = await JR.enqueue('charge', { customer: 'Ada', cents: 1999 }).result()
console.log(paid.steps.join(', '))

JR.enqueue(
  'charge',
  { customer: 'Bob', cents: -1 },
  { maxAttempts: 2, backoff: 0.1 },
  undefined,
  (args, info) => {
    console.log(`${args.error.message}; ${args.refunded}; after ${info.attempt} attempts`)
    JR.stop()
  },
)

import { JR } from 'job-reactor'

await JR.startDistributor()
await JR.spawnNode({
  name: 'worker_1',
  jobs: new URL('./reactor_jobs', import.meta.url).pathname,
  store: 'memory',
  logLevel: 'warn',
})

// The first run is in 100 ms, then one every 200 ms, on a fixed grid. The success feedback is called for every run.
JR.enqueue(
  'report',
  { shop: 'Prague' },
  { after: '100ms', period: '200ms' },
  (args, info) => console.log(`run ${info.run}: ${args.line}`),
  (args) => {
    console.log(`over: ${args.error.message}`)
    JR.stop()
  },
)

// The app: sends a job, and hears what became of it.
import { JR } from 'job-reactor'

await JR.startDistributor()
// The app starts and looks after a node itself. In production a node may as well be a service: `jr node --name …`.
await JR.spawnNode({
  name: 'worker_1',
  jobs: new URL('./reactor_jobs', import.meta.url).pathname,
  store: 'memory',
  logLevel: 'warn',
})

JR.enqueue(
  'greet',
  { name: 'Ada' },
  {},
  (args, info) => {
    console.log(`${args.greeting} (job ${info.name}, attempt ${info.attempt})`)
    JR.stop()
  },
  (args) => console.error('it failed:', args.error),
)

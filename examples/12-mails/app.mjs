import { JR } from 'job-reactor'

// The last job of a batch says how all of it went. Its name has a feedback, which hears of that also after a restart of this app.
const reported = new Promise((resolve) => JR.feedback('report', { success: resolve }))

await JR.startDistributor()
await JR.spawnNode({
  name: 'worker_1',
  jobs: new URL('./reactor_jobs', import.meta.url).pathname,
  store: 'memory',
  logLevel: 'silent',
})

const people = ['ada@example.com', 'bob@nowhere', 'eve@example.com', 'nobody']
const mails = JR.batch(
  'mail',
  people.map((to) => ({ to })),
  { maxAttempts: 2, backoff: 0.01 },
  { onEnd: 'report', args: { subject: 'News' } },
)
await mails.accepted

const { report } = await reported
console.log(report)
await JR.stop()

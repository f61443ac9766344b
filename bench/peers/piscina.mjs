// Piscina: a pool of threads in the app's own process, which stores nothing. What a job costs without durability, without
// another process and without a way over the network. One thread, and as many tasks at once as ours.
import { packageVersion } from './versions.mjs'

export const piscina = {
  name: 'Piscina (in process)',
  durability: 'none: nothing is stored',
  results: 'the promise of the task',
  packages: ['piscina'],
  cannot: { drain: 'stores nothing', delayed: 'has no delays' },
  async start(sample) {
    const { Piscina } = await import('piscina')
    const pool = new Piscina({
      filename: new URL('./workers/piscina.mjs', import.meta.url).href,
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: 500,
    })
    sample.defer(() => pool.destroy())
    const enqueue = (args) => pool.run(args).then(sample.inbox.take)
    return { enqueue, enqueueLarge: enqueue, release() {}, versions: { piscina: packageVersion('piscina') } }
  },
}

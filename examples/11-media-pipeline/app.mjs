import { JR } from 'job-reactor'

await JR.startDistributor()
await JR.spawnNode({
  name: 'worker_1',
  jobs: new URL('./reactor_jobs', import.meta.url).pathname,
  store: 'memory',
  logLevel: 'silent',
})

// One film is fetched; its sound, its pictures and its subtitles are made at the same time; then it is published.
const pipeline = (film) =>
  JR.flow({
    jobs: {
      fetch: { name: 'fetch', args: { film } },
      sound: { name: 'convert', args: { to: 'mp3' }, needs: ['fetch'] },
      small: { name: 'convert', args: { to: '480p' }, needs: ['fetch'] },
      large: { name: 'convert', args: { to: '1080p' }, needs: ['fetch'] },
      subtitles: { name: 'subtitle', needs: ['sound'], opts: { maxAttempts: 1 } },
      // Without subtitles it is published all the same.
      publish: { name: 'publish', needs: { small: 'fail', large: 'fail', subtitles: 'run' } },
    },
  })

const { publish } = await pipeline('sunrise').result()
console.log(publish.published)

const error = await pipeline('silent film')
  .result()
  .catch((error) => error)
console.log(error.results.publish.published)
console.log(Object.keys(error.errors).join(), 'failed:', error.errors.subtitles.message)
await JR.stop()

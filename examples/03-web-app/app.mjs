// A web app that answers at once and lets a job do the work: one endpoint enqueues, one reports.
import express from 'express'
import { JR } from 'job-reactor'

await JR.startDistributor()
await JR.spawnNode({
  name: 'worker_1',
  jobs: new URL('./reactor_jobs', import.meta.url).pathname,
  store: 'memory',
  logLevel: 'warn',
})

/** What the page that asks again and again is told. */
const states = new Map()
const app = express()

app.post('/thumbnails/:picture', (request, response) => {
  const { id } = JR.enqueue(
    'thumbnail',
    { picture: request.params.picture },
    // Somebody waits for it: before all that has no priority.
    { priority: -1 },
    (args) => states.set(id, { state: 'done', thumbnail: args.thumbnail }),
    (args) => states.set(id, { state: 'failed', error: args.error.message }),
  )
  states.set(id, { state: 'waiting' })
  response.status(202).location(`/jobs/${id}`).json({ id })
})

app.get('/jobs/:id', (request, response) => {
  const state = states.get(request.params.id)
  response.status(state ? 200 : 404).json(state ?? { error: 'no such job' })
})

const server = app.listen(0, '127.0.0.1', async () => {
  const base = `http://127.0.0.1:${server.address().port}`
  console.log(`the app listens on ${base}`)

  // A visitor.
  const { headers } = await fetch(`${base}/thumbnails/cat.png`, { method: 'POST' })
  let answer
  do {
    answer = await (await fetch(base + headers.get('location'))).json()
  } while (answer.state === 'waiting')
  console.log(answer)

  server.close()
  await JR.stop()
})

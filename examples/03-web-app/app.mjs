// A web app that answers at once and lets a job do the work: one endpoint enqueues, one reports.
import fastify from 'fastify'
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
const app = fastify()

app.post('/thumbnails/:picture', (request, reply) => {
  const { picture } = request.params
  const { id } = JR.enqueue(
    'thumbnail',
    { picture },
    {},
    (args) => states.set(id, { state: 'done', thumbnail: args.thumbnail }),
    (args) => states.set(id, { state: 'failed', error: args.error.message }),
  )
  states.set(id, { state: 'waiting' })
  reply.code(202).header('location', `/jobs/${id}`).send({ id })
})

app.get('/jobs/:id', (request, reply) => {
  const state = states.get(request.params.id)
  reply.code(state ? 200 : 404).send(state ?? { error: 'no such job' })
})

const base = await app.listen({ host: '127.0.0.1', port: 0 })
console.log(`the app listens on ${base}`)

// A visitor.
const { headers } = await fetch(`${base}/thumbnails/cat.png`, { method: 'POST' })
let answer
do {
  answer = await (await fetch(base + headers.get('location'))).json()
} while (answer.state === 'waiting')
console.log(answer)

await app.close()
await JR.stop()

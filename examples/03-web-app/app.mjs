// A web server that answers at once and lets a job do the work. The same two handlers fit into Express
// (`app.post('/thumbnails', …)`) or Fastify (`fastify.post('/thumbnails', …)`).
import { createServer } from 'node:http'
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

function enqueueThumbnail(request, response) {
  const { id } = JR.enqueue(
    'thumbnail',
    { picture: request.url.slice('/thumbnails/'.length) },
    {},
    (args) => states.set(id, { state: 'done', thumbnail: args.thumbnail }),
    (args) => states.set(id, { state: 'failed', error: args.error.message }),
  )
  states.set(id, { state: 'waiting' })
  response.writeHead(202, { location: `/jobs/${id}` }).end()
}

function reportJob(request, response) {
  const state = states.get(request.url.slice('/jobs/'.length))
  response.writeHead(state ? 200 : 404, { 'content-type': 'application/json' })
  response.end(JSON.stringify(state ?? { error: 'no such job' }))
}

const server = createServer((request, response) => {
  if (request.method === 'POST' && request.url.startsWith('/thumbnails/')) enqueueThumbnail(request, response)
  else if (request.method === 'GET' && request.url.startsWith('/jobs/')) reportJob(request, response)
  else response.writeHead(404).end()
})
server.listen(0, '127.0.0.1', async () => {
  const base = `http://127.0.0.1:${server.address().port}`
  console.log(`the server listens on ${base}`)
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

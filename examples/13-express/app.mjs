// A page that asks for a report, sees how far it is, and shows it. Runs until Ctrl-C.
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import express from 'express'
import { JR } from 'job-reactor'
import { webHandler } from 'job-reactor/web'

const DASHBOARD = '/jobs-admin'
const MOST_ROWS = 2000
const ID = /^[\w-]{1,64}$/
/** Seconds that one question is kept waiting at most. */
const LONGEST_WAIT = 30
const ACCEPT_MS = 5000
/** No node is connected, or the app stops. */
const AWAY = ['JR_CONNECTION', 'JR_STOPPED', 'JR_NOT_STARTED']
const NOBODY = 'Nobody can make or find reports just now.'
/** No script but the page's own file, and nothing of other sites. The dashboard has a policy of its own. */
const POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const path = (name) => fileURLToPath(new URL(name, import.meta.url))

await JR.startDistributor()
await JR.spawnNode({
  name: 'worker_1',
  jobs: path('reactor_jobs'),
  store: 'memory',
  // Whoever asks for a report that was cancelled is told so.
  removeCancelledJobs: false,
  logLevel: 'error',
})

const app = express()
// Without a token it answers those on this machine alone.
const dashboard = webHandler(JR, { base: DASHBOARD })
app.use(DASHBOARD, dashboard)
app.use((_request, response, next) => {
  response.set('content-security-policy', POLICY)
  next()
})
app.use(express.static(path('page')))

app.post('/reports', express.json(), async (request, response) => {
  const { region, rows } = request.body ?? {}
  if (typeof region !== 'string' || region.length > 50) return refuse(response, 400, 'Which region?')
  if (!Number.isInteger(rows) || rows < 1 || rows > MOST_ROWS)
    return refuse(response, 400, `Rows: a whole number from 1 to ${MOST_ROWS}.`)
  // Nobody guesses it: who has it may see the report.
  const id = randomUUID()
  // The report stays for an hour, also for those who come back to the page.
  const job = JR.enqueue('report', { region, rows }, { id, keepResult: '1h' })
  if (!(await isTaken(job))) return refuse(response, 503, NOBODY)
  response.status(202).location(`/reports/${id}`).json({ id })
})

// `?wait=`: answers as soon as the report is there, or after so many seconds.
app.get('/reports/:id', async (request, response) => {
  const { id } = request.params
  const seconds = Math.min(Math.max(Number(request.query.wait) || 0, 0), LONGEST_WAIT)
  const found = ID.test(id) ? await JR.find(id) : null
  // The node has other jobs too, and they are nobody's business here.
  if (found?.name !== 'report') return refuse(response, 404, 'There is no such report, or not any more.')
  if (seconds > 0) await ended(found, 1000 * seconds, response)
  response.json(shown((await JR.find(id)) ?? found))
})

app.use((_request, response) => refuse(response, 404, 'There is nothing here.'))
// Four parameters: so Express knows that it is for errors.
app.use((error, _request, response, _next) => {
  if (AWAY.includes(error.code)) return refuse(response, 503, NOBODY)
  const { status = 500 } = error
  if (status >= 500) console.error(error)
  refuse(response, status, status < 500 ? 'That is no question for this app.' : 'The app has a problem.')
})

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', (error) => {
  if (error) return cannotListen(error)
  const base = `http://127.0.0.1:${server.address().port}`
  console.log(`reports: ${base}/\ndashboard: ${base}${DASHBOARD}/\nCtrl-C ends it`)
})

// A second Ctrl-C ends it at once.
process.once('SIGINT', stop)
process.once('SIGTERM', stop)

/** A job that runs is finished before. */
async function stop() {
  server.close()
  await dashboard.stop()
  await JR.stop()
  server.closeAllConnections()
  console.log('stopped')
}

function cannotListen({ message }) {
  console.error(`the app can't listen: ${message} (PORT=3001 takes another port)`)
  process.exitCode = 1
  JR.stop()
}

/** False: no node has taken it in time, so it is taken back. */
async function isTaken(job) {
  const late = wait(ACCEPT_MS, false, { ref: false })
  const taken = await Promise.race([job.accepted.then(() => true), late])
  if (!taken) job.cancel().catch(() => {})
  return taken
}

/** Resolves when the job has ended in whatever way, when the time is over, or when the visitor has gone. */
async function ended(job, timeout, response) {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  await job.result({ timeout, signal: gone.signal }).catch(() => {})
}

/** What a visitor may know of a job. */
function shown({ state, progress, args, error, facts }) {
  return {
    state,
    progress: progress ?? null,
    log: facts.log.map(({ text }) => text),
    report: state === 'completed' ? args.report : null,
    error: error?.message ?? null,
  }
}

function refuse(response, status, error) {
  response.status(status).json({ error })
}

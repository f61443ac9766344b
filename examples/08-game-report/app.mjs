// The report job of a game company: the day's matches are fetched from an API in ten pages and stored, and the app
// hears the totals. The API is slow and fails now and then; the job is retried.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { JR } from 'job-reactor'

let calls = 0
const api = createServer((request, response) => {
  calls++
  const page = Number(new URL(request.url, 'http://api').searchParams.get('page'))
  // The first call for page 7 fails.
  if (page === 7 && calls <= 10) return response.writeHead(503).end()
  const rows = Array.from({ length: 300 }, (_, i) => ({
    match: page * 300 + i,
    players: 2 + (i % 7),
    minutes: i % 50,
  }))
  setTimeout(
    () => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(rows)),
    5,
  )
})
await new Promise((resolve) => api.listen(0, '127.0.0.1', resolve))

const folder = mkdtempSync(join(tmpdir(), 'game-report-'))
await JR.startDistributor()
await JR.spawnNode({
  name: 'worker_1',
  jobs: new URL('./reactor_jobs', import.meta.url).pathname,
  dir: join(folder, 'data'),
  logLevel: 'silent',
})

const file = join(folder, 'matches.jsonl')
const args = { api: `http://127.0.0.1:${api.address().port}`, pages: 10, file }
const report = await JR.enqueue('game_report', args, { backoff: 0.2 }).result()
console.log(`${report.rows} rows stored, ${report.players} players, ${report.minutes} minutes played`)
console.log(`the file has ${readFileSync(file, 'utf8').trim().split('\n').length} lines`)

await JR.stop()
api.close()
rmSync(folder, { recursive: true, force: true })

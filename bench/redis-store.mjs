// `node bench/redis-store.mjs [jobs] [group]`: what a job costs Redis, and the process that talks to it. Each job is
// inserted, begun, ended with an outcome, and its outcome acknowledged; each commit has all four for different jobs.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FRESH } from '../dist/src/job/course.js'
import { IMMEDIATE } from '../dist/src/job/lane.js'
import { NO_TERMS } from '../dist/src/job/terms/agreed.js'
import { redisStore } from '../dist/src/store/redis/store.js'

const jobs = Number(process.argv[2] ?? 200_000)
const group = Number(process.argv[3] ?? 500)
const dir = mkdtempSync(join(tmpdir(), 'jr-bench-'))
const path = join(dir, 'redis.sock')
const redis = spawn('redis-server', [
  '--port',
  '0',
  '--unixsocket',
  path,
  '--dir',
  dir,
  '--save',
  '',
  ...process.argv.slice(4),
])
await new Promise((resolve) =>
  redis.stdout.on('data', (text) => /ready to accept/i.test(String(text)) && resolve()),
)

const args = Buffer.alloc(150, 'x')
const recordOf = (n) => ({
  lane: IMMEDIATE,
  due: 1_790_000_000_000 + Math.floor(n / 30),
  seq: 2 ** 32 + n,
  id: `id-of-a-job-${n}`.padEnd(21, '-'),
  name: 'work',
  distributor: 'app',
  instance: 'life-1',
  wanted: true,
  agreed: NO_TERMS,
  enqueuedAt: 1_790_000_000_000,
  byWall: false,
  course: FRESH,
  args,
})
const outcomeOf = (job) => ({
  seq: job.seq + 2 ** 31,
  distributor: 'app',
  instance: 'life-1',
  id: job.id,
  name: job.name,
  state: 'completed',
  slot: 0,
  more: false,
  node: 'n1',
  attempt: 1,
  enqueuedAt: job.enqueuedAt,
  startedAt: job.due,
  finishedAt: job.due,
  child: 1,
  args,
  error: Buffer.alloc(0),
})
const ticks = () => {
  const fields = readFileSync(`/proc/${redis.pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

const store = redisStore({ url: path, prefix: 'bench', leaseMs: 10_000, timeoutMs: 10_000, wait: 0 })
await store.open('n1')
const batches = Math.ceil(jobs / group)
const before = { redis: ticks(), own: process.cpuUsage(), at: performance.now() }
let [inserted, begun, ended] = [[], [], []]
for (let batch = 0; batch < batches + 3; batch++) {
  const fresh = batch < batches ? Array.from({ length: group }, (_, i) => recordOf(batch * group + i)) : []
  const changes = fresh.map((job, i) => ({
    kind: 'insert',
    job,
    ownId: false,
    number: batch * group + i + 1,
  }))
  for (const job of inserted) changes.push({ kind: 'begin', job, startedAt: 1_790_000_000_000 })
  for (const job of begun)
    changes.push({ kind: 'end', from: job, running: true, outcome: outcomeOf(job), keep: null })
  if (ended.length > 0) {
    changes.push({ kind: 'acknowledge', distributor: 'app', seqs: ended.map(({ seq }) => seq + 2 ** 31) })
  }
  const answers = await store.commit(changes, true)
  if (answers.some((answer) => answer !== 'ok')) throw new Error('a change was refused')
  ;[inserted, begun, ended] = [fresh, inserted, begun]
}
const own = process.cpuUsage(before.own)
const took = performance.now() - before.at
const each = (us) => (us / (batches * group)).toFixed(1)
console.log(
  `${Math.round((batches * group) / (took / 1000))} jobs/s; CPU a job: redis ${each(ticks() - before.redis)} us, this process ${each(own.user + own.system)} us`,
)
console.log(await store.counts())
await store.close()
redis.kill()
rmSync(dir, { recursive: true, force: true })

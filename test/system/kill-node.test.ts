import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { event, folder, JOBS, randomOf, readLog, startApp } from './harness.js'
import { check, type Entry } from './history.js'

const ROUNDS = Number(process.env.JR_TEST_ROUNDS ?? 12)
const SEED = Number(process.env.JR_TEST_SEED ?? Date.now() % 1_000_000)
const JOBS_A_ROUND = 500

const hash = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex')

t.test(
  `${ROUNDS} rounds of kill -9 of the node while ${JOBS_A_ROUND} jobs flow (seed ${SEED})`,
  async (t) => {
    t.setTimeout(240_000 + ROUNDS * 5000)
    const dir = folder(t)
    const random = randomOf(SEED)
    const log = join(dir, 'log')
    mkdirSync(log)
    const { app } = await startApp(t)
    const node = await app.spawnNode({
      name: 'n1',
      jobs: JOBS,
      dir: join(dir, 'data'),
      logLevel: 'error',
      backoff: 0.02,
    })
    let jobs = 0
    for (let round = 0; round < ROUNDS; round++) {
      const history: Entry[] = []
      const ids = new Set<string>()
      const back = event(app, 'node:connected')
      const pid = node.pid
      await new Promise<void>((resolve) => {
        let left = JOBS_A_ROUND
        let sent = 0
        const killAt = random() * 250
        const killed = setTimeout(() => {
          history.push({ ev: 'fault', t: Date.now(), what: `kill ${pid}` })
          process.kill(pid, 'SIGKILL')
        }, killAt)
        const send = () => {
          for (let i = 0; i < 25 && sent < JOBS_A_ROUND; i++, sent++) {
            const payload = { n: jobs++, text: 'p'.repeat(Math.floor(random() * 200)) }
            const which = random()
            const name =
              which < 0.7
                ? 'record'
                : which < 0.85
                  ? 'record_slow'
                  : which < 0.95
                    ? 'record_flaky'
                    : 'record_deferred'
            const delayed = random() < 0.15
            const now = Date.now()
            const told = (state: string) => (args: Record<string, unknown>) => {
              history.push({
                ev: 'feedback',
                job: handle.id,
                t: Date.now(),
                state,
                life: 1,
                hash: hash(args.result),
              })
              if (--left === 0) {
                clearTimeout(killed)
                resolve()
              }
            }
            const handle = app.enqueue(
              name,
              { log, payload },
              delayed ? { after: '50ms' } : {},
              told('completed'),
              told('failed'),
            )
            ids.add(handle.id)
            history.push({
              ev: 'submit',
              job: handle.id,
              t: now,
              ...(delayed ? { due: now + 50 } : {}),
              hash: hash(payload),
              max: 10,
            })
            handle.accepted.then(
              () => history.push({ ev: 'accepted', job: handle.id, t: Date.now() }),
              () => t.fail(`${handle.id} was refused`),
            )
          }
          if (sent < JOBS_A_ROUND) setTimeout(send, 5)
        }
        send()
      })
      if (node.pid === pid) process.kill(pid, 'SIGKILL')
      await back
      const entries = [...history, ...readLog(log).filter((entry) => 'job' in entry && ids.has(entry.job))]
      const violations = check(entries)
      const submitted = history.filter(({ ev }) => ev === 'feedback').length
      if (process.env.JR_TEST_ROUNDS) console.error(`round ${round} done`)
      t.same(violations.slice(0, 5), [], `round ${round}: ${submitted} feedbacks, killed ${pid}`)
    }
    t.equal(app.nodes()[0]?.inFlight, 0)
  },
)

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Flow } from './flow.js'
import { event, folder, JOBS, randomOf, startApp } from './harness.js'

const ROUNDS = Number(process.env.JR_TEST_ROUNDS ?? 4)
const SEED = Number(process.env.JR_TEST_SEED ?? Date.now() % 1_000_000)
const JOBS_A_ROUND = 500
/** Longer than a node takes to come back, or over before it can be. */
const DOUBT = SEED % 2 === 0 ? '100s' : '1ms'

t.test(
  `${ROUNDS} rounds of kill -9 of the node while ${JOBS_A_ROUND} jobs flow (seed ${SEED}, doubt ${DOUBT})`,
  async (t) => {
    t.setTimeout(240_000 + ROUNDS * 5000)
    const dir = folder(t)
    const random = randomOf(SEED)
    const log = join(dir, 'log')
    mkdirSync(log)
    const { app } = await startApp(t, { doubtTimeout: DOUBT })
    const node = await app.spawnNode({
      name: 'n1',
      jobs: JOBS,
      dir: join(dir, 'data'),
      logLevel: 'error',
      backoff: 0.02,
      standbyChildren: 0,
    })
    for (let round = 0; round < ROUNDS; round++) {
      const flow = new Flow(t, app, log, random)
      const { pid } = node
      const back = event(app, 'spawned:exited').then(() => event(app, 'node:connected'))
      let killed = false
      const kill = () => {
        if (killed) return
        killed = true
        flow.fault(`kill ${pid}`)
        process.kill(pid, 'SIGKILL')
      }
      const timer = setTimeout(kill, random() * 250)
      await flow.send(JOBS_A_ROUND)
      await flow.settled()
      clearTimeout(timer)
      kill()
      await back
      const violations = flow.violations()
      if (process.env.JR_TEST_ROUNDS) console.error(`round ${round} done`)
      t.same(
        violations.slice(0, 5),
        [],
        `round ${round}: ${JOBS_A_ROUND - flow.open.size} feedbacks, killed ${pid}`,
      )
    }
    t.equal(app.nodes()[0]?.inFlight, 0)
  },
)

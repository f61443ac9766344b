import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Flow } from './flow.js'
import { event, folder, JOBS, randomOf, startApp } from './harness.js'

const ROUNDS = Number(process.env.JR_TEST_ROUNDS ?? 12)
const SEED = Number(process.env.JR_TEST_SEED ?? Date.now() % 1_000_000)
const JOBS_A_ROUND = 500

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
    for (let round = 0; round < ROUNDS; round++) {
      const flow = new Flow(t, app, log, random)
      const back = event(app, 'node:connected')
      const pid = node.pid
      const killed = setTimeout(() => {
        flow.fault(`kill ${pid}`)
        process.kill(pid, 'SIGKILL')
      }, random() * 250)
      await flow.send(JOBS_A_ROUND)
      await flow.settled()
      clearTimeout(killed)
      if (node.pid === pid) process.kill(pid, 'SIGKILL')
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

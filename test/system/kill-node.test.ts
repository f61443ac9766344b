import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Flow } from './flow.js'
import { event, folder, JOBS, randomOf, startApp, startNode, toApp, until } from './harness.js'

const ROUNDS = Number(process.env.JR_TEST_ROUNDS ?? 3)
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

t.test(
  'a wish that came while the job ran: the node keeps the outcome, whatever it was killed for',
  async (t) => {
    const dir = folder(t)
    const log = join(dir, 'log')
    mkdirSync(log)
    const { app, address } = await startApp(t)
    const flags = ['--dir', join(dir, 'data'), '--deferred-children', '0', '--standby-children', '0']
    const first = await startNode(t, 'n1', [...flags, ...toApp(address)])
    await app.ready
    const [asked, silent] = ['asked', 'silent'].map((as) =>
      app.enqueue('kin_member', { log, as, holds: true }, { id: as }),
    )
    const lines = (name: string) =>
      readFileSync(join(log, name), { encoding: 'utf8', flag: 'a+' }).split('\n')
    await until(() => lines('held').length === 3)
    const result = asked?.result()
    // Answered behind it.
    await app.monitor({ node: 'n1' }).load('asked')
    const away = event(app, 'node:disconnected')
    first.process.kill('SIGKILL')
    await away
    // They run again, and end, before the app is there to ask.
    writeFileSync(join(log, 'go'), '')
    const second = await startNode(t, 'n1', [...flags, '--listen', '127.0.0.1:0'])
    await Promise.all(['asked', 'silent'].map((id) => second.line('job:completed', `"job":"${id}"`)))
    second.process.kill('SIGTERM')
    await second.exited
    await startNode(t, 'n1', [...flags, ...toApp(address)])
    t.match(await result, { as: 'asked', left: 'asked' })
    const unknown = await silent?.result().catch((error) => error.code)
    t.equal(unknown, 'JR_OUTCOME_UNKNOWN', 'nobody had asked')
  },
)

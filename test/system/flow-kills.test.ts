import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import type { Need } from '#dist/src/job/terms/flow.js'
import { afterEnd, atFirst, type FlowShape, flowShapes, type ModelStates } from '../fixtures/flow-model.js'
import { event, folder, JOBS, randomOf, startApp } from './harness.js'

const ROUNDS = Number(process.env.JR_TEST_ROUNDS ?? 2)
const SEED = Number(process.env.JR_TEST_SEED ?? Date.now() % 1_000_000)
const FLOWS = 5
const MOST_JOBS = process.env.JR_TEST_ROUNDS === undefined ? 12 : 100

/** How each job ends when it runs: every fifth fails. */
const fails = (key: string) => [...key].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 5 === 0

/** How a flow ends, whatever the order in which its jobs do. */
function endOf(shape: FlowShape): ModelStates {
  let states = atFirst(shape)
  for (;;) {
    const [key] = [...states].find(([, state]) => state === 'open') ?? []
    if (key === undefined) return states
    states = afterEnd(shape, states, key, fails(key) ? 'failed' : 'completed')
  }
}

const stateOf = (end: PromiseSettledResult<unknown>) => {
  if (end.status === 'fulfilled') return 'completed'
  return (end.reason as { code?: string }).code === 'JR_CANCELLED' ? 'cancelled' : 'failed'
}

/** Each need is said once: as it is given to an app. */
function once({ failFast, jobs }: FlowShape): FlowShape {
  const said = (needs: readonly Need[]) => [...new Map(needs.map((need) => [need.key, need])).values()]
  return { failFast, jobs: jobs.map(({ key, needs }) => ({ key, needs: said(needs) })) }
}

const onFailOf = (needs: readonly Need[]) => Object.fromEntries(needs.map(({ key, onFail }) => [key, onFail]))

t.test(`flows of random shape over ${ROUNDS} kills of their node (seed ${SEED})`, async (t) => {
  t.setTimeout(120_000 + ROUNDS * 10_000)
  const random = randomOf(SEED)
  const dir = folder(t)
  const log = join(dir, 'log')
  mkdirSync(log)
  const { app } = await startApp(t, { name: 'app', doubtTimeout: '100s' })
  const rest = { logLevel: 'error', backoff: 0.02, maxAttempts: 30, standbyChildren: 0 } as const
  const node = await app.spawnNode({ name: 'n1', jobs: JOBS, dir: join(dir, 'data'), ...rest })
  for (let round = 0; round < ROUNDS; round++) {
    const shapes = fc.sample(flowShapes(MOST_JOBS), { numRuns: FLOWS, seed: SEED + round }).map(once)
    const back = event(app, 'spawned:exited').then(() => event(app, 'node:connected'))
    const flows = shapes.map(({ failFast, jobs }, i) => {
      const given = jobs.map(({ key, needs }) => {
        const args = { log, as: `${round}.${i}.${key}`, fails: fails(key) }
        const names = needs.flatMap(({ key }) =>
          key === null ? jobs.map((job) => job.key).filter((one) => one !== 'all') : [key],
        )
        const fate =
          needs[0]?.key === null
            ? Object.fromEntries(names.map((name) => [name, needs[0]?.onFail ?? 'fail']))
            : onFailOf(needs)
        return [key, { name: 'flow_member', args, needs: fate }] as const
      })
      const flow = app.flow({ failFast, jobs: Object.fromEntries(given) })
      return Promise.allSettled(jobs.map(({ key }) => flow.jobs[key]?.result()))
    })
    const { pid } = node
    setTimeout(() => process.kill(pid, 'SIGKILL'), random() * 200)
    const ends = await Promise.all(flows)
    await back
    const ran = readFileSync(join(log, 'ran'), 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
    for (const [i, shape] of shapes.entries()) {
      const found: ModelStates = new Map(
        shape.jobs.map(({ key }, at) => [key, stateOf(ends[i]?.[at] as PromiseSettledResult<unknown>)]),
      )
      const about = `round ${round}: ${JSON.stringify(shape)}`
      const expected = endOf(shape)
      if (!shape.failFast) {
        t.same(found, expected, about)
        const without = shape.jobs.filter(
          ({ key, needs }) => expected.get(key) === 'failed' && !fails(key) && needs.length > 0,
        )
        for (const { key } of without)
          t.notOk(
            ran.some(([as]) => as === `${round}.${i}.${key}`),
            `${key} runs without cause. ${about}`,
          )
      } else if (![...found.values()].every((state) => state === 'completed')) {
        t.ok(
          [...found].some(([key, state]) => state === 'failed' && fails(key)),
          `the first has failed by itself. ${about}`,
        )
      } else t.same(found, expected, about)
    }
    for (const [as, ...needs] of ran) t.notOk(needs.includes('null'), `${as} ran before its needs had ended`)
  }
  const monitor = app.monitor({ node: 'n1' })
  t.same((await monitor.jobsFor({ state: 'blocked' })).jobs, [], 'none stays blocked')
})

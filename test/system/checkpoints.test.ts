import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { event, folder, JOBS, startApp, until } from './harness.js'

const ROUNDS = Number(process.env.JR_TEST_ROUNDS ?? 2)
/** What is saved in a round before something dies. */
const SAVES = 5

t.test(`a checkpoint that was awaited is there after kill -9, ${ROUNDS} rounds`, async (t) => {
  t.setTimeout(120_000 + ROUNDS * 10_000)
  const dir = folder(t)
  const { app } = await startApp(t, { name: 'app' })
  const node = await app.spawnNode({
    name: 'n1',
    jobs: JOBS,
    dir: join(dir, 'data'),
    logLevel: 'error',
    backoff: 0,
    poisonLimit: 1_000_000,
    standbyChildren: 1,
    deferredChildren: 0,
  })
  const [file, stop] = [join(dir, 'said'), join(dir, 'stop')]
  writeFileSync(file, '')
  const said = () =>
    readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' '))
  const numbers = (what: string) => said().flatMap(([word, n]) => (word === what ? [Number(n)] : []))
  const options = { id: 'counts', maxAttempts: 1_000_000 }
  const result = app.enqueue('counts_up', { file, stop }, options, () => {}).result()
  for (let round = 0; round < ROUNDS; round++) {
    const begun = numbers('begin').length
    await until(() => numbers('begin').length > Math.max(0, begun - 1))
    const before = Math.max(0, ...numbers('saved'))
    await until(() => Math.max(0, ...numbers('saved')) >= before + SAVES)
    const back =
      round % 2 === 0 ? null : event(app, 'spawned:exited').then(() => event(app, 'node:connected'))
    process.kill(back === null ? (numbers('pid').at(-1) ?? 0) : node.pid, 'SIGKILL')
    await back
    await until(() => numbers('begin').length > begun)
  }
  let last = 0
  for (const [word, n] of said()) {
    if (word === 'begin') t.ok(Number(n) >= last, `${n} was saved, of ${last} it was known`)
    else if (word === 'saved') last = Number(n)
  }
  t.equal(numbers('begin').length, ROUNDS + 1)
  writeFileSync(stop, '')
  t.match(await result, { counted: Number })
  const again = app.enqueue('counts_up', { file, stop }, options)
  t.match(await again.result(), { counted: 0 }, 'gone with the job')
})

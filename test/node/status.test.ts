import t from 'tap'
import { storeFacts } from '#dist/node/status/store.js'
import { childrenFacts } from '#dist/node/status/view.js'
import { StoppedClock } from '../fixtures/stopped-clock.js'
import { record } from './records.js'

const child = (pid: number, running: number, over: object = {}) => ({
  pid,
  deferred: false,
  status: 'ready' as const,
  startedAt: 5,
  begun: running + 3,
  memory: () => 0,
  attempts: new Map(
    Array.from({ length: running }, (_, token) => [
      token,
      { job: record({ id: `job-${token}` }), attempt: 2, startedAt: 7 } as never,
    ]),
  ),
  ...over,
})

t.test('children with what runs on them, within a bound', async (t) => {
  const [one, two, three] = childrenFacts([
    child(1, 1, { memory: () => 4096 }),
    child(2, 150, { deferred: null }),
    child(3, 0, { deferred: true, status: 'starting' }),
  ])
  const running = [{ id: 'job-0', name: 'work', attempt: 2, startedAt: 7 }]
  t.match(one, { kind: 'evented', state: 'ready', memory: 4096, done: 3, runningCount: 1, running })
  t.match([two?.kind, two?.memory, two?.runningCount, two?.running.length], ['standby', null, 150, 100])
  t.match(three, { kind: 'deferred', state: 'starting', running: [] })
  const many = childrenFacts(Array.from({ length: 200 }, (_, pid) => child(pid, 100)))
  t.equal(many.flatMap(({ running }) => running).length, 2000)
})

t.test('a store is fine when it says how many jobs it has, soon', async (t) => {
  const clock = new StoppedClock()
  const redis = { url: 'rediss://me:hush@example.net:1/2', prefix: 'mine' } as never
  const config = { store: 'redis' as const, dir: '/nowhere', redis, ownStore: false }
  const counts = async () => ({}) as never
  t.same(await storeFacts({ kind: 'redis', counts }, config, clock), {
    kind: 'redis',
    where: 'rediss://me:***@example.net:1/2, prefix mine',
    bytes: null,
    freeBytes: null,
    fine: true,
    error: null,
  })
  t.equal(clock.timers.length, 0)
  const broken = async () => {
    throw new Error('it is gone')
  }
  t.match(await storeFacts({ kind: 'level', counts: broken }, { ...config, store: 'level' }, clock), {
    where: '/nowhere',
    bytes: null,
    freeBytes: null,
    fine: false,
    error: 'it is gone',
  })
  const late = storeFacts(
    { kind: 'mine', counts: () => new Promise(() => {}) },
    { ...config, ownStore: true },
    clock,
  )
  clock.fire()
  t.match(await late, { kind: 'mine', where: /own/, fine: false, error: /not answered within 1000 ms/ })
})

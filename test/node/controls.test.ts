import fc from 'fast-check'
import t from 'tap'
import type { Journal, NodeChange } from '#dist/node/changes/journal.js'
import { Controls } from '#dist/node/controls/controls.js'
import { namesOf } from '#dist/node/controls/names.js'
import { whyWaits } from '#dist/node/controls/why.js'
import { pack, unpackChecked } from '#dist/src/bytes/codec.js'
import { FRESH } from '#dist/src/job/course.js'
import type { JobDefinition } from '#dist/src/job/definition.js'
import { IMMEDIATE } from '#dist/src/job/lane.js'
import type { Limits } from '#dist/src/job/limits.js'
import { agree } from '#dist/src/job/terms/agreed.js'
import type { Wait } from '#dist/src/job/waits.js'
import { silentLogger } from '#dist/src/logger.js'
import { memoryStore } from '#dist/src/store/memory.js'
import { SYSTEM } from '#dist/src/surroundings.js'
import { understood } from '#dist/src/verbs/form.js'
import { WAIT, waitText } from '#dist/src/verbs/waits.js'
import { StoppedClock } from '../fixtures/stopped-clock.js'

const definition = (name: string, limits: Limits | null = null): JobDefinition => ({
  name,
  defer: false,
  timeoutMs: null,
  maxAttempts: null,
  backoff: null,
  keepLogs: null,
  limits,
})

/** The controls of a node over a store that stays, with two job files; `begin` is another life of it. */
async function node() {
  const store = memoryStore(SYSTEM)
  await store.open('n1')
  const clock = new StoppedClock()
  const written: NodeChange[] = []
  const held: NodeChange[] = []
  let holding = false
  const commit = async (change: NodeChange) => {
    if (change.kind !== 'note') throw new Error(change.kind)
    const [answer = 'stale'] = await store.commit([change], true)
    written.push(change)
    change.done?.(answer)
  }
  const journal: Journal = {
    add: (change) => {
      if (holding) held.push(change)
      else commit(change)
    },
    flushed: async () => {},
  }
  const jobs = [definition('call_api', { concurrency: 10 }), definition('resize')]
  const executors = { definitions: jobs, known: (name: string) => jobs.find((one) => one.name === name) }
  const changes = { count: 0 }
  const begin = async () => {
    const controls = new Controls({
      store,
      journal,
      clock,
      log: silentLogger,
      executors,
      onChange: () => changes.count++,
    })
    await controls.open()
    return controls
  }
  const hold = () => {
    holding = true
  }
  const release = () => Promise.all(held.splice(0).map(commit))
  return { begin, clock, executors, changes, written, hold, release }
}

t.test(
  'limits that are set hold in place of those of the job file, as a whole, and in the next life',
  async (t) => {
    const { begin, clock, executors, changes, written } = await node()
    const controls = await begin()
    t.same(controls.limitsOf('call_api'), { concurrency: 10 })
    t.equal(controls.limitsOf('resize'), undefined)
    t.same([...controls.names()], ['call_api'], 'nothing holds for the other')
    const rate = { limit: 5, perMs: 1000 }
    t.equal(await controls.setLimits('call_api', { rate }, 'app'), true)
    clock.time = 5000
    t.equal(await controls.setLimits('call_api', { rate: { ...rate } }, 'other'), false, 'the same again')
    t.equal(await controls.setLimits('unheard_of', { concurrency: 1 }, 'app'), true)
    t.equal(await controls.setLimits('resize', {}, 'app'), true, 'no limits are not those of the job file')
    t.equal(changes.count, 3)
    t.equal(written.length, 3)
    const next = await begin()
    for (const one of [controls, next]) {
      t.same(one.limitsOf('call_api'), { rate })
      t.same(one.limitsOf('unheard_of'), { concurrency: 1 })
      t.same([...one.names()].sort(), ['call_api', 'resize', 'unheard_of'])
      const [first, , unknown] = namesOf(one, executors, [{ name: 'call_api' }], undefined).names
      const set = { limits: { rate }, by: 'app', since: 1000 }
      t.match(first, { name: 'call_api', known: true, running: 1, limits: { concurrency: 10 }, set })
      t.match(unknown, { name: 'unheard_of', known: false, running: 0, limits: null, paused: null })
    }
    t.equal(await next.setLimits('call_api', null, 'app'), true)
    t.equal(await next.setLimits('call_api', null, 'app'), false)
    t.same((await begin()).limitsOf('call_api'), { concurrency: 10 })
  },
)

t.test('a name, a group of it, and the node are paused each by itself, and in the next life', async (t) => {
  const { begin, clock, executors } = await node()
  const controls = await begin()
  t.equal(await controls.pause({ name: 'resize' }, 'app'), true)
  clock.time = 2000
  t.equal(await controls.pause({ name: 'resize', group: 'acme' }, 'jr pause'), true)
  t.equal(await controls.pause({ name: 'resize' }, 'late'), false)
  t.equal(controls.pauseOf(null, null), null)
  t.equal(await controls.pause({}, 'app'), true)
  for (const one of [controls, await begin()]) {
    t.equal(one.pausedSince('resize', null), 1000)
    t.equal(one.pausedSince('resize', 'acme'), 2000)
    t.equal(one.pausedSince('resize', 'other'), null)
    t.equal(one.pausedSince('call_api', null), null, 'the pause of the node is not one of its names')
    t.same(one.pauseOf('resize', null), { since: 1000, by: 'app' }, 'of who came first')
    t.same(one.pauseOf(null, null), { since: 2000, by: 'app' })
    const [resize] = namesOf(one, executors, [], 'resize').names
    t.match(resize, { paused: { by: 'app' }, groups: [{ group: 'acme', by: 'jr pause' }] })
    t.equal(namesOf(one, executors, [], 'resize').names.length, 1)
  }
  t.equal(await controls.resume({ name: 'resize' }, 'app'), true)
  t.equal(await controls.resume({ name: 'resize' }, 'app'), false)
  t.equal(await controls.resume({}, 'app'), true)
  const next = await begin()
  t.same(
    [next.pausedSince('resize', null), next.pausedSince('resize', 'acme'), next.pauseOf(null, null)],
    [null, 2000, null],
  )
  t.equal(await next.resume({ name: 'resize', group: 'acme' }, 'app'), true)
  t.same([...(await begin()).names()], ['call_api'], 'nothing is left')
})

t.test('a pause of the process alone is not kept, and does not end one that is', async (t) => {
  const { begin, changes } = await node()
  const controls = await begin()
  controls.hold()
  controls.hold()
  t.equal(changes.count, 1)
  t.match(controls.pauseOf(null, null), { by: 'its own process' })
  t.equal((await begin()).pauseOf(null, null), null)
  await controls.pause({}, 'app')
  controls.release()
  t.match(controls.pauseOf(null, null), { by: 'app' })
  controls.hold()
  t.equal(await controls.resume({}, 'app'), true)
  t.equal(controls.pauseOf(null, null), null, 'who resumes the node resumes all of it')
  controls.hold()
  t.equal(await controls.resume({}, 'app'), true)
  t.equal(controls.pauseOf(null, null), null)
})

t.test('it holds at once, and who asked is told when it is on the disk', async (t) => {
  const { begin, hold, release } = await node()
  const controls = await begin()
  hold()
  let told = false
  const pausing = controls.pause({ name: 'resize' }, 'app').then(() => {
    told = true
  })
  t.equal(controls.pausedSince('resize', null), 1000)
  await new Promise(setImmediate)
  t.equal(told, false)
  await release()
  await pausing
})

t.test('names and groups of any letters are found again as they were', async (t) => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  const more = ['a\0b', 'node', 'name x', '\uffff', '😀'].map((name) => ({ name, group: ' group' }))
  const all = [...fc.sample(fc.record({ name: text, group: fc.option(text) }), 100), ...more]
  const { begin } = await node()
  const controls = await begin()
  for (const { name, group } of all) await controls.pause(group === null ? { name } : { name, group }, 'app')
  const kept = (of: Controls) => all.map(({ name, group }) => of.pauseOf(name, group))
  const next = kept(await begin())
  t.same(next, kept(controls))
  t.notOk(next.includes(null))
})

t.test('why a job waits, in words that go through the bytes of an answer', async (t) => {
  const { begin } = await node()
  const controls = await begin()
  await controls.pause({ name: 'resize' }, 'shop')
  await controls.pause({ name: 'resize', group: 'acme' }, 'jr pause')
  const job = { name: 'resize', lane: IMMEDIATE, agreed: agree({ group: 'acme' }, []), course: FRESH }
  const said = (wait: Wait | null) => {
    const facts = whyWaits(job, {
      replacing: { whyWaits: () => null },
      series: { whyWaits: () => null },
      scheduler: { whyWaits: () => wait },
      controls,
    })
    return facts === null ? null : waitText(understood(WAIT, unpackChecked(pack(facts)), 'answer'), 'resize')
  }
  const at = '1970-01-01T00:00:01.000Z'
  const rate = { limit: 100, perMs: 60_000 }
  const cases: [Wait | null, string | null][] = [
    [null, null],
    [{ reason: 'unknown' }, 'no child knows this name'],
    [{ reason: 'paused', group: null, since: 1000 }, `paused by shop since ${at}`],
    [{ reason: 'paused', group: 'acme', since: 1000 }, `group acme paused by jr pause since ${at}`],
    [{ reason: 'concurrency', group: null, limit: 3, running: 3 }, 'limit of resize, 3 of 3 running'],
    [{ reason: 'concurrency', group: 'acme', limit: 1, running: 1 }, 'limit of group acme, 1 of 1 running'],
    [{ reason: 'rate', group: null, rate, opensAt: 1000 }, `rate of resize: 100 per 1m, next at ${at}`],
    [{ reason: 'rate', group: 'acme', rate, opensAt: 1000 }, `rate of group acme: 100 per 1m, next at ${at}`],
  ]
  for (const [wait, text] of cases) t.equal(said(wait), text)
  await controls.pause({}, 'shop')
  t.equal(said(null), `node paused by shop since ${at}`, 'whatever else it waits for')
})

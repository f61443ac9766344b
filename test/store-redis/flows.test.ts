import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import t from 'tap'
import { homeOf } from '#dist/src/job/home.js'
import { folder, startApp, until } from '../system/harness.js'
import { startAll } from './load.js'
import { startRedis, withoutRedis } from './redis-server.js'

interface Ran {
  readonly as: string
  readonly node: string
  readonly attempt: number
  readonly saved?: string | null
  readonly needs?: Record<string, string>
}

const OTHERS = ['n2', 'n3']

/** Ids of flows of which each of two nodes is the home of so many. */
function idsFor(each: number): string[] {
  const ids = Array.from({ length: 100 }, (_, i) => `flow-${i}`)
  return OTHERS.flatMap((node) => ids.filter((id) => homeOf(`f${id}`, OTHERS) === node).slice(0, each))
}

const noRedis = withoutRedis()
if (noRedis !== false) t.skip(noRedis, async () => {})
else {
  t.test('a flow of a lost node goes on at one other, with all that belongs to it', async (t) => {
    t.setTimeout(120_000)
    const log = join(folder(t), 'log')
    mkdirSync(log)
    const lines = (name: string) =>
      existsSync(join(log, name)) ? readFileSync(join(log, name), 'utf8').trim().split('\n') : []
    const redis = await startRedis(t)
    const app = await startApp(t)
    const [first] = await startAll(t, redis, app)
    const ids = idsFor(3)
    const flows = ids.map((id, i) => {
      const member = (key: string, more = {}) => ({ log, as: `${id}.${key}`, ...more })
      // The last of each three may not run on its home, so the other takes all of the flow.
      const not = i % 3 === 2 ? { notNode: homeOf(`f${id}`, OTHERS) ?? '' } : {}
      const opts = { node: 'n1' }
      return app.app.flow({
        id,
        jobs: {
          done: { name: 'kin_member', args: member('done'), opts },
          holds: {
            name: 'kin_member',
            args: member('holds', { holds: true }),
            opts: { ...opts, maxAttempts: 2 },
          },
          lasts: {
            name: 'kin_member',
            args: member('lasts', { holds: true }),
            opts: { ...opts, maxAttempts: 1 },
          },
          later: { name: 'kin_member', args: member('later'), needs: ['done'], opts: { ...opts, after: 8 } },
          parent: { name: 'kin_parent', args: member('parent'), needs: ['done'], opts },
          next: {
            name: 'kin_member',
            args: member('next'),
            needs: ['holds', 'later'],
            opts: { ...opts, ...not },
          },
          last: {
            name: 'kin_member',
            args: member('last'),
            needs: { next: 'fail', parent: 'fail', lasts: 'run' },
            opts,
          },
        },
      })
    })
    const results = Promise.all(flows.map((flow) => flow.jobs.last.result()))
    // Each holds three jobs: two of its own, and a child.
    await until(() => lines('held').length === 3 * ids.length)
    const parents = { state: 'blocked', name: 'kin_parent' } as const
    const monitor = app.app.monitor({ node: 'n1' })
    await until(async () => (await monitor.jobsFor(parents)).jobs.length === ids.length)
    first?.process.kill('SIGKILL')
    await first?.exited
    writeFileSync(join(log, 'go'), '')
    await results
    const ran = lines('kin').map((line) => JSON.parse(line) as Ran)
    const nodes = new Set<string>()
    for (const [i, id] of ids.entries()) {
      const own = ran.filter(({ as }) => as.startsWith(`${id}.`))
      const by = (key: string) => own.filter(({ as }) => as === `${id}.${key}`)
      const later = own.filter(({ node }) => node !== 'n1')
      const home = homeOf(`f${id}`, OTHERS)
      const expected = i % 3 === 2 ? OTHERS.find((node) => node !== home) : home
      t.same(new Set(later.map(({ node }) => node)), new Set([expected]), `${id} is at one node`)
      for (const { node } of later) nodes.add(node)
      t.same(
        by('done').map(({ node }) => node),
        ['n1'],
      )
      const held = by('holds').map(({ attempt, saved }) => [attempt, saved])
      t.same(
        held,
        [
          [1, null],
          [2, `${id}.holds`],
        ],
        'what it has saved has come with it',
      )
      t.same(by('lasts').length, 1, 'it had no attempt left')
      t.same(
        by('later').map(({ node }) => node),
        [expected],
        'its need had ended',
      )
      t.same(
        by('parent.child').map(({ attempt }) => attempt),
        [1, 2],
      )
      t.same(
        by('next').map(({ needs }) => needs),
        [{ holds: `${id}.holds`, later: `${id}.later` }],
      )
      const [last] = by('last')
      t.same(last?.needs, { next: `${id}.next`, parent: `${id}.parent.child` })
    }
    t.equal(nodes.size, 2, 'both take part')
    const lost = await Promise.all(flows.map((flow) => flow.jobs.lasts.result().catch((error) => error.code)))
    t.same(
      lost,
      ids.map(() => 'JR_NODE_LOST'),
    )
    const admin = new Redis(redis.port)
    t.teardown(() => admin.disconnect())
    const shelves = ['flow', 'result', 'saved']
    await until(async () => {
      const names = await admin.zrange('{job-reactor}:notes', '0', '-1')
      return !names.some((name) => shelves.some((shelf) => name.startsWith(`${shelf}\0`)))
    })
  })
}

import { resolve } from 'node:path'
import { Redis } from 'ioredis'
import t from 'tap'
import { examineRedis } from '#dist/src/store/redis/examination.js'
import { SYSTEM } from '#dist/src/surroundings.js'
import { jr } from '../cli/jr.js'
import { event, folder, startApp, startNode, toApp } from '../system/harness.js'
import { freePort, startRedis, withoutRedis } from './redis-server.js'

const PASSWORD = 'pass-of-redis'

const noRedis = withoutRedis()
if (noRedis !== false) t.skip(noRedis, async () => {})
else {
  t.test('jr jobs, straight in Redis', async (t) => {
    const redis = await startRedis(t, '--requirepass', PASSWORD)
    const env = { JR_REDIS_URL: `redis://:${PASSWORD}@127.0.0.1:${redis.port}`, JR_REDIS_PREFIX: 'cli' }
    const { app, address } = await startApp(t)
    const connected = event(app, 'node:connected')
    const flags = ['--store', 'redis', '--redis-url', env.JR_REDIS_URL, '--redis-prefix', 'cli']
    const node = await startNode(t, 'n1', [...flags, '--lease', '60s', ...toApp(address)])
    await connected
    const jobs = [1, 2, 3].map((value) => app.enqueue('echo', { value }, { after: '1h' }))
    const results = jobs.map((job) => t.rejects(job.result(), { code: 'JR_CANCELLED' }))
    await Promise.all(jobs.map(({ accepted }) => accepted))
    await t.rejects(app.enqueue('fails', {}, { id: 'bad\x1b[2J' }).result())
    const [first = '', second = ''] = jobs.map(({ id }) => id)
    const all: string[] = []
    const run = async (...args: string[]) => {
      const result = await jr(['jobs', ...args], { env })
      all.push(result.out, result.err)
      return result
    }

    t.match(await run('nodes', '--redis'), {
      code: 0,
      out: /^NODE +LEASE .*\nn1 +held, [\d.]+ s left +3 +0 +1\n$/,
    })
    t.match(JSON.parse((await run('nodes', '--redis', '--json')).out), {
      nodes: [{ name: 'n1', lease: 'held', waiting: 3 }],
    })
    const table = await run('--redis')
    t.match(table.out, /^ID +NAME +STATE +PRIORITY +ATTEMPT +DUE +APP +NODE +LAST ERROR\n/)
    t.match(table.out, /bad\\x1b\[2J +fails +failed +0 +2 .* app +n1 +it does not work/)
    const some = ['--node', 'n1', '--state', 'scheduled', '--limit', '2', '--json']
    t.match(JSON.parse((await run('list', '--redis', ...some)).out), {
      node: 'n1',
      jobs: [{ name: 'echo', node: 'n1' }, { name: 'echo' }],
      more: true,
    })
    t.match((await run('show', first, '--redis')).out, /state +scheduled\n[\s\S]*args +\{ value: 1 \}/)
    t.match(await run('show', 'nothing', '--redis'), { code: 1, err: /Redis has no job 'nothing'/ })
    t.match(await run('destroy', first, 'nothing', '--redis'), { code: 1, out: '1 destroyed\n' })
    await results[0]
    node.process.kill('SIGTERM')
    await node.exited
    t.match(await run('destroy', second, '--redis'), { code: 0, out: '1 destroyed\n' })
    const others = ['--all', '--redis', '--node', 'n1', '--json']
    t.same(JSON.parse((await run('destroy', ...others)).out), { destroyed: 2 })
    t.equal((await run('--redis')).out, 'no jobs\n')
    await startNode(t, 'n1', [...flags, ...toApp(address)])
    await Promise.all(results)

    const wrong = [
      [['nodes', '--node', '127.0.0.1:1'], /nodes: expected --redis/],
      [['destroy', '--all', '--redis'], /destroy --all: expected --node NAME/],
      [['nodes', 'n1', '--redis'], /nodes takes no 'n1'/],
    ] as const
    await Promise.all(wrong.map(async ([args, err]) => t.match(await run(...args), { code: 2, err })))
    t.match(await run('--redis', '--node', 'n2'), { code: 69, err: /no node 'n2'.*prefix cli: it knows n1/ })
    t.match(await run('--redis-url', `redis://:wrong-${PASSWORD}@127.0.0.1:${redis.port}`), {
      code: 74,
      err: /Redis refused: WRONGPASS/,
    })
    const nobody = [
      '--redis-timeout',
      '300ms',
      '--redis-url',
      `redis://:${PASSWORD}@127.0.0.1:${await freePort()}`,
    ]
    t.match(await run(...nobody), { code: 74, err: /did not answer for 300 ms: .*ECONNREFUSED/ })
    t.match(await run('--redis-url', `redis://:${PASSWORD}/@127.0.0.1:1`), {
      code: 78,
      err: /redisUrl: expected/,
    })
    t.notMatch(all.join('\n'), PASSWORD)
  })

  t.test('jr doctor looks at Redis, when that is the store', async (t) => {
    const cwd = folder(t)
    const redis = await startRedis(t, '--requirepass', PASSWORD)
    const admin = new Redis({ port: redis.port, password: PASSWORD })
    t.teardown(() => admin.disconnect())
    const all: string[] = []
    const urlOf = (who: string) => `redis://${who}:${PASSWORD}@127.0.0.1:${redis.port}`
    const doctor = async (url: string) => {
      const node = ['--name', 'n1', '--jobs', resolve('test/fixtures/jobs')]
      const flags = [...node, '--store', 'redis', '--redis-timeout', '1s', '--json']
      const result = await jr(['doctor', ...flags], { cwd, env: { JR_REDIS_URL: url } })
      all.push(result.out, result.err)
      const { findings } = JSON.parse(result.out) as { findings: { check: string; text: string }[] }
      t.notOk(findings.some(({ check }) => check === 'store' || check === 'disk'))
      return { code: result.code, ...findings.find(({ check }) => check === 'Redis') }
    }
    const at = `redis://:\\*\\*\\*@127\\.0\\.0\\.1:${redis.port}`
    t.match(await doctor(urlOf('')), {
      code: 0,
      ok: true,
      warning: true,
      text: new RegExp(
        `^\\d+\\.\\d+\\.\\d+ at ${at}; a write takes [\\d.]+ ms; Redis writes no append-only file`,
      ),
    })
    t.equal(await admin.dbsize(), 0, 'it leaves nothing behind')
    await admin.config('SET', 'appendonly', 'yes')
    t.match(await doctor(urlOf('')), { code: 0, warning: false })
    t.match(await doctor(urlOf('wrong')), { code: 1, ok: false, text: /WRONGPASS/ })
    t.match(await doctor(`redis://:${PASSWORD}@127.0.0.1:${await freePort()}`), {
      code: 1,
      text: /did not answer for 1000 ms: .*ECONNREFUSED/,
    })
    const users = {
      keys: ['~{other}:*', '&{job-reactor}:*', '+@all'],
      channels: ['~{job-reactor}:*', '+@all', '-@dangerous', '+info'],
      scripts: ['~{job-reactor}:*', '&{job-reactor}:*', '+@all', '-@scripting'],
      asking: ['~{job-reactor}:*', '&{job-reactor}:*', '+@all', '-@dangerous'],
    }
    for (const [name, rules] of Object.entries(users)) {
      await admin.call('ACL', 'SETUSER', name, 'on', `>${PASSWORD}`, ...rules)
    }
    const examine = (who: string) =>
      examineRedis({ url: urlOf(who), prefix: 'job-reactor', timeoutMs: 1000 }, SYSTEM)
    await t.rejects(examine('keys'), { code: 'JR_STORE', message: /NOPERM.* keys/ })
    await t.rejects(examine('channels'), { code: 'JR_STORE', message: /NOPERM.* channels.*&\{PREFIX\}/ })
    await t.rejects(examine('scripts'), { code: 'JR_STORE', message: /NOPERM.* 'evalsha'/ })
    t.match(await examine('asking'), { version: '', notes: [/does not let this user ask INFO/] })
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
    await t.rejects(examine(''), { code: 'JR_BAD_CONFIG', message: /allkeys-lru/ })
    t.notMatch(all.join('\n'), PASSWORD)
  })
}

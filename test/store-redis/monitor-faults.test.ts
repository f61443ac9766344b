import { inspect } from 'node:util'
import t from 'tap'
import { JR } from '#dist/index.js'
import { pack } from '#dist/src/bytes/codec.js'
import { redisStore } from '#dist/src/store/index.js'
import { FieldWriter } from '#dist/src/store/redis/field-writer.js'
import { nodeKeys, placeOf } from '#dist/src/store/redis/keys.js'
import { readScripts } from '#dist/src/store/redis/scripts.js'
import { startApp, until } from '../system/harness.js'
import { insertOf, recordOf } from './changes.js'
import { startProxy } from './proxy.js'
import { startRedis, withoutRedis } from './redis-server.js'
import { adminOf, endsOf, killed, monitorOf, startOn } from './straight.js'

const noRedis = withoutRedis()
if (noRedis !== false) t.skip(noRedis, async () => {})
else {
  t.test('the script refuses where a node has the lease, or all is not as it was', async (t) => {
    const redis = await startRedis(t)
    const admin = adminOf(t, redis)
    const store = redisStore({ url: redis.url, prefix: 'p', leaseMs: 60_000, timeoutMs: 10_000, wait: 0 })
    await store.open('n1')
    const job = recordOf(1)
    await store.commit([insertOf(job, 1)], true)
    const { node, waiting, running, ended, outcomes, payloads } = nodeKeys('p', 'n1')
    const keys = [
      node,
      '{p}:leases',
      '{p}:jobs',
      waiting,
      running,
      ended,
      outcomes,
      payloads,
      '{p}:destroyed:a',
    ]
    const out = () => {
      const fields = new FieldWriter()
      fields.list(() => {
        for (const text of ['w', placeOf(job, job.id), '', '']) fields.text(text)
      })
      return fields.take()
    }
    const its = Number(await admin.hget(node, 'epoch'))
    const ours = String(its + 1)
    const run = (epoch: number, given: string) =>
      admin.eval(readScripts().destroy.text, 9, ...keys, 'n1', String(epoch), given, ours, '1', '1000', out())
    t.equal(await run(its, ''), '', 'its lease holds')
    await admin.zadd('{p}:leases', 1, 'n1')
    t.equal(await run(its - 1, ''), '', 'another epoch')
    t.equal(await run(its, '1'), '', 'somebody else has destroyed something')
    t.match(await store.counts(), { waiting: 1 })
    t.equal(await run(its, ''), 'o')
    await t.rejects(store.commit([insertOf(recordOf(2), 2)], true), { code: 'JR_LEASE_LOST' })
    await store.close()
    const again = redisStore({ url: redis.url, prefix: 'p', leaseMs: 60_000, timeoutMs: 10_000, wait: 0 })
    await again.open('n1')
    const next = Number(await admin.hget(node, 'epoch'))
    t.ok(next > its + 1, 'at once, and after the numbers of those who are no nodes')
    t.match(await again.counts(), { waiting: 0 })
    await again.close()
  })

  t.test('every call settles', { timeout: 240_000 }, async (t) => {
    const redis = await startRedis(t)
    const app = await startApp(t)
    const node = await startOn(t, 'n1', redis, app, '60s')
    const jobs = [1, 2, 3].map((value) => app.app.enqueue('echo', { value }, { after: '1h' }))
    const results = endsOf(jobs.slice(0, 2))
    await Promise.all(jobs.map(({ accepted }) => accepted))
    const [first = '', second = '', third = ''] = jobs.map(({ id }) => id)
    const hasty = monitorOf(redis, { redisTimeout: '700ms' })

    await t.test('the answer to an ask is lost', async (t) => {
      const proxy = await startProxy(t, redis.port)
      const through = monitorOf({ url: `redis://127.0.0.1:${proxy.port}` })
      const asked = proxy.cutAnswerTo(':ask:n1')
      t.equal(await through.destroy(first), true, 'it is asked again, and the node answers as it did')
      await asked
    })

    node.process.kill('SIGSTOP')
    await t.rejects(hasty.destroy(second), {
      code: 'JR_CONNECTION',
      message: /did not answer for 700 ms: .* may have/,
    })
    node.process.kill('SIGCONT')
    t.equal((await results)[1], 'JR_CANCELLED', 'and so it was')
    await killed(node)
    await t.rejects(hasty.destroy(third), {
      code: 'JR_CONNECTION',
      message: /for 700 ms: nothing was destroyed/,
    })
    await t.rejects(hasty.destroyAllFor('n1'), { code: 'JR_CONNECTION' })

    await t.test('lost while it is asked', async (t) => {
      const again = await startOn(t, 'n1', redis, app)
      again.process.kill('SIGSTOP')
      const asked = monitorOf(redis).destroy(third)
      t.equal(await asked, true, 'a node that sleeps past its lease is nobody')
      again.process.kill('SIGCONT')
      t.equal((await again.exited).code, 75)
    })

    await redis.signal('SIGSTOP')
    const calls: Promise<unknown>[] = [hasty.nodes(), hasty.jobsFor('n1'), hasty.load(third)]
    for (const call of [...calls, hasty.destroy(third)]) {
      await t.rejects(call, { code: 'JR_STORE', message: /did not answer for 700 ms/ })
    }
    await redis.signal('SIGCONT')
    await redis.stop()
    await t.rejects(hasty.nodes(), { code: 'JR_STORE', message: /ECONNREFUSED/ })
    t.throws(() => monitorOf(redis, { redisTimeout: 'soon' }), {
      code: 'JR_BAD_CONFIG',
      message: /redisTimeout/,
    })
    t.throws(() => JR.monitor({ redisUlr: redis.url, redis: {} } as never), { message: /redisUlr/ })
    const wrong = await monitorOf({ url: 'http://:pass-of-jr@h' })
      .nodes()
      .catch((error) => error)
    t.match(wrong, { code: 'JR_BAD_CONFIG' })
    t.notMatch(inspect(wrong), 'pass-of-jr')
  })

  t.test('a script whose answer is lost is done once, and Redis that goes in between', async (t) => {
    const redis = await startRedis(t)
    const app = await startApp(t)
    const node = await startOn(t, 'n1', redis, app, '60s')
    const jobs = [1, 2, 3].map((value) => app.app.enqueue('echo', { value }, { after: '1h' }))
    await Promise.all(jobs.map(({ accepted }) => accepted))
    node.process.kill('SIGTERM')
    await node.exited
    // Redis knows the script from then on.
    t.equal(await monitorOf(redis).destroy(jobs[2]?.id ?? ''), true)
    const proxy = await startProxy(t, redis.port)
    const through = monitorOf({ url: `redis://127.0.0.1:${proxy.port}` }, { redisTimeout: '700ms' })
    const cut = proxy.cutAnswerTo(':destroyed:')
    t.equal(await through.destroy(jobs[0]?.id ?? ''), true)
    await cut
    const gone = proxy.cutAnswerTo(':destroyed:').then(() => proxy.close())
    await t.rejects(through.destroy(jobs[1]?.id ?? ''), {
      code: 'JR_STORE',
      message: /did not answer for 700 ms: .*; what was to be destroyed may be so/,
    })
    await gone
    t.equal(await monitorOf(redis).load(jobs[1]?.id ?? ''), null, 'and it is')
  })

  t.test('what others publish is not trusted', async (t) => {
    const redis = await startRedis(t)
    const app = await startApp(t)
    const node = await startOn(t, 'n1', redis, app)
    const job = app.app.enqueue('echo', {}, { after: '1h' })
    const ended = endsOf([job])
    await job.accepted
    const admin = adminOf(t, redis)
    const hostile = [
      '',
      'nonsense',
      pack(null),
      pack([job.id]),
      pack({ asker: '../x', id: 'a', act: 'destroy', ids: [job.id] }),
      pack({ asker: 'a', id: 'a', act: 'destroy', ids: [1] }),
      pack({ asker: 'a', id: 'a', act: 'toString', ids: [job.id] }),
      pack({ asker: 'a', id: 'a', act: 'destroy', ids: Array(501).fill(job.id) }),
      Buffer.alloc(100_000, 0x91),
    ]
    for (const message of hostile) await admin.publish('{job-reactor}:ask:n1', message)
    const monitor = monitorOf(redis)
    t.match(await monitor.load(job.id), { state: 'scheduled' })
    const listener = adminOf(t, redis)
    const other = app.app.enqueue('echo', {}, { after: '1h' })
    await other.accepted
    const answers: Buffer[] = []
    await listener.subscribe('{job-reactor}:answer:me')
    listener.on('messageBuffer', (_channel, answer: Buffer) => answers.push(answer))
    const ask = pack({ asker: 'me', id: 'twice', act: 'destroy', ids: [other.id, 'nothing'] })
    for (const times of [1, 2]) {
      await admin.publish('{job-reactor}:ask:n1', ask)
      await until(() => answers.length === times)
      t.same(
        answers[times - 1],
        pack({ id: 'twice', answers: ['done', 'not-found'] }),
        'asked again, and done once',
      )
    }
    await listener.psubscribe('{job-reactor}:ask:*')
    // Wrong answers come before the right one, or with it.
    const wrong = new Promise((resolve) => {
      listener.once('pmessage', (_pattern, _channel, ask: string) => {
        const asker = /asker\W(.{21})/.exec(ask)?.[1]
        resolve(
          Promise.all(hostile.map((message) => admin.publish(`{job-reactor}:answer:${asker}`, message))),
        )
      })
    })
    const [, hearers] = await Promise.all([monitor.destroy(job.id), wrong])
    t.ok(
      (hearers as number[]).every((one) => one > 0),
      'they were heard',
    )
    t.equal(await monitor.load(job.id), null)
    t.same(await ended, ['JR_CANCELLED'])
    t.equal(node.process.exitCode, null)
  })

  t.test('a user without channels, and one without commands', async (t) => {
    const redis = await startRedis(t)
    const admin = adminOf(t, redis)
    const app = await startApp(t)
    const commands = ['+@all', '-@dangerous', '+info']
    await admin.call('ACL', 'SETUSER', 'deaf', 'on', '>pass-of-deaf', '~{job-reactor}:*', ...commands)
    await admin.call('ACL', 'SETUSER', 'poor', 'on', '>pass-of-poor', '~{other}:*', ...commands)
    const urlOf = (user: string) => redis.url.replace('//', `//${user}:pass-of-${user}@`)
    const node = await startOn(t, 'n1', { ...redis, url: urlOf('deaf') }, app)
    await node.line('store:note', 'channel')
    const job = app.app.enqueue('echo', {}, { after: '1h' })
    await job.accepted
    const deaf = monitorOf({ url: urlOf('deaf') })
    t.match(await deaf.load(job.id), { state: 'scheduled' })
    await t.rejects(deaf.destroy(job.id), { code: 'JR_STORE', message: /NOPERM.*channels.*&\{/ })
    await t.rejects(monitorOf({ url: urlOf('poor') }).nodes(), { code: 'JR_STORE', message: /NOPERM/ })
    await killed(node)
    await until(async () => (await deaf.nodes())[0]?.lease === 'lost')
    t.equal(await deaf.destroy(job.id), true, 'nobody is to be asked')
  })
}

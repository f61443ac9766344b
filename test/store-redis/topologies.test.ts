import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { RedisMonitor } from '#dist/distributor/index.js'
import { IMMEDIATE } from '#dist/src/job/lane.js'
import { redisStore } from '#dist/src/store/index.js'
import { folder } from '../system/harness.js'
import { insertOf, recordOf } from './changes.js'
import { homeOf, startCluster } from './cluster.js'
import { freePort, startRedis, withoutRedis } from './redis-server.js'

const noRedis = withoutRedis()
if (noRedis !== false) t.skip(noRedis, async () => {})
else {
  t.test('TLS', async (t) => {
    const dir = folder(t)
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
    const named = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    const made = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
    ]
    await promisify(execFile)('openssl', [...made, '-keyout', key, '-out', cert, ...named])
    const port = String(await freePort())
    const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert]
    await startRedis(t, '--tls-port', port, '--tls-auth-clients', 'no', ...files)
    const options = {
      prefix: 'tls',
      leaseMs: 10_000,
      timeoutMs: 1000,
      wait: 0,
      url: `rediss://localhost:${port}`,
    }
    const trusting = redisStore({ ...options, extra: { tls: { ca: readFileSync(cert) } } })
    await trusting.open('n1')
    t.same(await trusting.commit([insertOf(recordOf(1), 1)], true), ['ok'])
    await trusting.close()
    const where = { redisUrl: options.url, redisPrefix: 'tls', redisTimeout: '1s' }
    const monitor = new RedisMonitor({ ...where, redis: { tls: { ca: readFileSync(cert) } } })
    t.match(await monitor.nodes(), [{ name: 'n1', lease: 'stopped', waiting: 1 }])
    await t.rejects(new RedisMonitor(where).nodes(), { code: 'JR_STORE', message: /self-signed/ })
    await t.rejects(redisStore(options).open('n2'), { code: 'JR_STORE', message: /self-signed/ })
  })

  t.test('Cluster: all of a prefix is on one of the masters', { timeout: 60_000 }, async (t) => {
    const members = await startCluster(t)
    const { home } = await homeOf(members, 'topology')
    const cluster = members.map(({ server }) => ({ host: '127.0.0.1', port: server.port }))
    const times = { leaseMs: 10_000, timeoutMs: 20_000, wait: 0 }
    const url = 'redis://127.0.0.1:6379'
    const store = redisStore({ url, prefix: 'topology', ...times, extra: { cluster } })
    const { notes } = await store.open('n1')
    t.teardown(() => store.close())
    t.ok(notes.length > 0)
    t.same(await store.commit([insertOf(recordOf(1), 1), insertOf(recordOf(2), 2)], true), ['ok', 'ok'])
    t.equal((await store.waiting(IMMEDIATE, null, 10, 1_000_000)).length, 2)
    const sizes = await Promise.all(members.map(({ admin }) => admin.dbsize()))
    t.same(
      sizes.map((size) => size > 0),
      members.map((member) => member === home),
    )
    await home.admin.script('FLUSH')
    await home.admin.call('CLIENT', 'KILL', 'TYPE', 'normal')
    t.same(await store.commit([insertOf(recordOf(3), 3)], true), ['ok'])
    t.equal((await store.counts()).waiting, 3)
    const monitor = new RedisMonitor({ redis: { cluster }, redisPrefix: 'topology' })
    t.match(await monitor.nodes(), [{ name: 'n1', lease: 'held', waiting: 3 }])
    const asked = new Promise<readonly string[]>((resolve) => {
      const onAct = async (act: string, ids: readonly string[]) => {
        resolve([act, ...ids])
        return ids.map(() => 'done' as const)
      }
      store.neighbours?.watch({ onLost: () => {}, onFailure: (error) => t.fail(error.message), onAct })
    })
    t.equal(await monitor.destroy(recordOf(1).id), true, 'the node has said so')
    t.same(await asked, ['destroy', recordOf(1).id])
    await store.close()
    t.equal(await monitor.destroy(recordOf(2).id), true, 'and where none runs, it is done in Redis')
    t.match(await monitor.nodes(), [{ name: 'n1', lease: 'stopped', waiting: 2 }])
  })
}

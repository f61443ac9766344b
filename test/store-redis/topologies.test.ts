import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { RedisMonitor } from '#dist/distributor/index.js'
import { redisStore } from '#dist/src/store/index.js'
import type { RedisExtra } from '#dist/src/store/redis/client.js'
import { folder } from '../system/harness.js'
import { insertOf, recordOf } from './changes.js'
import { freePort, hasRedis, type RedisServer, startRedis } from './redis-server.js'

const SLOTS = 16384

function storeOf(extra: RedisExtra, wait = 0) {
  const times = { leaseMs: 10_000, timeoutMs: 20_000 }
  return redisStore({ url: 'redis://127.0.0.1:6379', prefix: 'topology', ...times, wait, extra })
}

/** A client of the test's own, for what a person would do with redis-cli. */
function adminOf(t: Test, port: number): Redis {
  const admin = new Redis(port)
  admin.on('error', () => {})
  t.teardown(() => admin.disconnect())
  return admin
}

async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what().catch(() => false))) await sleep(20)
}

/** One Sentinel that decides alone, and quickly. */
async function startSentinel(t: Test, master: RedisServer): Promise<number> {
  const port = await freePort()
  const file = join(master.dir, 'sentinel.conf')
  writeFileSync(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${master.dir}`,
      `sentinel monitor jobs 127.0.0.1 ${master.port} 1`,
      'sentinel down-after-milliseconds jobs 500',
      'sentinel failover-timeout jobs 2000',
    ].join('\n'),
  )
  const child = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' })
  t.teardown(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  return port
}

/** Three masters that share the slots, without replicas. */
async function startCluster(t: Test): Promise<RedisServer[]> {
  const flags = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']
  const servers = await Promise.all([0, 1, 2].map(() => startRedis(t, ...flags)))
  const admins = servers.map(({ port }) => adminOf(t, port))
  const share = Math.ceil(SLOTS / servers.length)
  for (const [i, admin] of admins.entries()) {
    const range = [i * share, Math.min((i + 1) * share, SLOTS) - 1]
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', ...range)
    for (const { port } of servers) await admin.call('CLUSTER', 'MEET', '127.0.0.1', port)
  }
  for (const admin of admins) {
    await until(async () =>
      /cluster_state:ok[\s\S]*cluster_known_nodes:3/.test(String(await admin.call('CLUSTER', 'INFO'))),
    )
  }
  return servers
}

if (!hasRedis()) t.pass('no redis-server here')
else {
  t.test('Sentinel: a replica takes the place of a lost master', { timeout: 60_000 }, async (t) => {
    const master = await startRedis(t)
    const replica = await startRedis(
      t,
      '--replicaof',
      '127.0.0.1',
      String(master.port),
      '--repl-diskless-sync-delay',
      '0',
    )
    const onReplica = adminOf(t, replica.port)
    await until(async () => /master_link_status:up/.test(await onReplica.info('replication')))
    const port = await startSentinel(t, master)
    const sentinel = adminOf(t, port)
    await until(async () => ((await sentinel.call('SENTINEL', 'REPLICAS', 'jobs')) as unknown[]).length === 1)
    // What is answered is on the replica: so nothing is lost, and the node goes on.
    const store = storeOf({ sentinels: [{ host: '127.0.0.1', port }], name: 'jobs' }, 1)
    await store.open('n1')
    t.teardown(() => store.close())
    t.same(await store.commit([insertOf(recordOf(1), 1)], true), ['ok'])
    await master.signal('SIGKILL')
    t.same(await store.commit([insertOf(recordOf(2), 2)], false), ['ok'])
    t.equal((await store.counts()).waiting, 2)
    t.equal(await onReplica.hlen('{topology}:jobs'), 2)
    const sentinels = [{ host: '127.0.0.1', port }]
    const monitor = new RedisMonitor({ redis: { sentinels, name: 'jobs' }, redisPrefix: 'topology' })
    t.match(await monitor.nodes(), [{ name: 'n1', lease: 'held', waiting: 2 }])
  })

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
    const servers = await startCluster(t)
    const extra = { cluster: servers.map(({ port }) => ({ host: '127.0.0.1', port })) }
    const store = storeOf(extra)
    const { notes } = await store.open('n1')
    t.teardown(() => store.close())
    t.ok(notes.length > 0)
    t.same(await store.commit([insertOf(recordOf(1), 1), insertOf(recordOf(2), 2)], true), ['ok', 'ok'])
    t.equal((await store.waiting(0, null, 10, 1_000_000)).length, 2)
    const sizes = await Promise.all(servers.map(({ port }) => adminOf(t, port).dbsize()))
    t.equal(sizes.filter((size) => size > 0).length, 1)
    const there = servers[sizes.findIndex((size) => size > 0)]
    if (there === undefined) throw new Error('no server has the keys')
    await adminOf(t, there.port).script('FLUSH')
    await adminOf(t, there.port).call('CLIENT', 'KILL', 'TYPE', 'normal')
    t.same(await store.commit([insertOf(recordOf(3), 3)], true), ['ok'])
    t.equal((await store.counts()).waiting, 3)
    const monitor = new RedisMonitor({ redis: extra, redisPrefix: 'topology' })
    t.match(await monitor.nodes(), [{ name: 'n1', lease: 'held', waiting: 3 }])
    const asked = new Promise<readonly string[]>((resolve) => {
      const onDestroy = async (ids: readonly string[]) => {
        resolve(ids)
        return ids.map(() => true)
      }
      store.neighbours?.watch({ onLost: () => {}, onFailure: (error) => t.fail(error.message), onDestroy })
    })
    t.equal(await monitor.destroy(recordOf(1).id), true, 'the node has said so')
    t.same(await asked, [recordOf(1).id])
    await store.close()
    t.equal(await monitor.destroy(recordOf(2).id), true, 'and where none runs, it is done in Redis')
    t.match(await monitor.nodes(), [{ name: 'n1', lease: 'stopped', waiting: 2 }])
  })
}

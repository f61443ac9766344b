import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { until } from '../system/harness.js'
import { type RedisServer, startRedis } from './redis-server.js'

/** A client of the test's own, for what a person would do with redis-cli. */
export function adminOf(t: Test, port: number): Redis {
  const admin = new Redis(port)
  admin.on('error', () => {})
  t.teardown(() => admin.disconnect())
  return admin
}

/** Resolves when it has all that the master has. */
export async function startReplica(t: Test, master: RedisServer): Promise<RedisServer> {
  const flags = ['--replicaof', '127.0.0.1', String(master.port), '--repl-diskless-sync-delay', '0']
  const replica = await startRedis(t, ...flags)
  await linked(adminOf(t, replica.port))
  return replica
}

export function linked(replica: Redis): Promise<void> {
  return until(async () => /master_link_status:up/.test(await replica.info('replication')))
}

/**
 * Resolves when a replica has something and is sent no more: what its master answers from then on is not on it when it
 * is woken with SIGCONT after the master has gone.
 */
export async function leaveBehind(t: Test, master: RedisServer, replica: RedisServer): Promise<void> {
  const onReplica = adminOf(t, replica.port)
  await until(async () => (await onReplica.dbsize()) > 0)
  await replica.signal('SIGSTOP')
  await adminOf(t, master.port).call('CLIENT', 'KILL', 'TYPE', 'replica')
}

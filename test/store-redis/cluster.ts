import type { Redis } from 'ioredis'
import type { Test } from 'tap'
import { until } from '../system/harness.js'
import { adminOf, linked } from './admin.js'
import { type RedisServer, startRedis } from './redis-server.js'

const SLOTS = 16384
const FLAGS = [
  ['--cluster-enabled', 'yes'],
  ['--cluster-node-timeout', '2000'],
  // However old what it has: a test says when it is to take over.
  ['--cluster-replica-validity-factor', '0'],
  ['--repl-diskless-sync-delay', '0'],
].flat()

export interface Member {
  readonly server: RedisServer
  readonly admin: Redis
  readonly id: string
}

/** Three masters that share the slots, without replicas. */
export async function startCluster(t: Test): Promise<Member[]> {
  const members = await Promise.all([0, 1, 2].map(() => startMember(t)))
  const share = Math.ceil(SLOTS / members.length)
  for (const [i, { admin }] of members.entries()) {
    const range = [i * share, Math.min((i + 1) * share, SLOTS) - 1]
    await admin.call('CLUSTER', 'ADDSLOTS', ...numbers(range))
    await meet(admin, members)
  }
  await settled(members, members.length)
  return members
}

/** A replica of one of the masters, which has all that the master has. */
export async function addReplica(t: Test, members: readonly Member[], master: Member): Promise<Member> {
  const replica = await startMember(t)
  await meet(replica.admin, members)
  await settled([...members, replica], members.length + 1)
  await replica.admin.call('CLUSTER', 'REPLICATE', master.id)
  await linked(replica.admin)
  // The others must know whose replica it is, or they will not vote for it.
  for (const { admin } of members) {
    await until(async () => new RegExp(`${replica.id} .* slave ${master.id}`).test(await nodesOf(admin)))
  }
  return replica
}

/** The master of the slot in which a prefix has all its keys, and the slot. */
export async function homeOf(members: readonly Member[], prefix: string) {
  const [any] = members
  if (any === undefined) throw new Error('a cluster has members')
  const slot = Number(await any.admin.call('CLUSTER', 'KEYSLOT', `{${prefix}}:jobs`))
  const at = Math.floor(slot / Math.ceil(SLOTS / members.length))
  const home = members[at]
  if (home === undefined) throw new Error(`no member has slot ${slot}`)
  return { home, slot, others: members.filter((member) => member !== home) }
}

/** A slot on its way: what it has is moved a few keys at a time. */
export async function beginMove(from: Member, to: Member, slot: number): Promise<void> {
  await to.admin.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id)
  await from.admin.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id)
}

/** Answers how many keys went. */
export async function moveKeys(from: Member, to: Member, slot: number, most: number): Promise<number> {
  const keys = (await from.admin.call('CLUSTER', 'GETKEYSINSLOT', slot, most)) as string[]
  const where = ['127.0.0.1', to.server.port, '', 0, 5000]
  if (keys.length > 0) await from.admin.call('MIGRATE', ...where, 'KEYS', ...keys)
  return keys.length
}

export async function endMove(members: readonly Member[], to: Member, slot: number): Promise<void> {
  await to.admin.call('CLUSTER', 'SETSLOT', slot, 'NODE', to.id)
  for (const { admin, id } of members) {
    if (id !== to.id) await admin.call('CLUSTER', 'SETSLOT', slot, 'NODE', to.id)
  }
}

async function startMember(t: Test): Promise<Member> {
  const server = await startRedis(t, ...FLAGS)
  const admin = adminOf(t, server.port)
  return { server, admin, id: String(await admin.call('CLUSTER', 'MYID')) }
}

async function meet(admin: Redis, members: readonly Member[]): Promise<void> {
  for (const { server } of members) await admin.call('CLUSTER', 'MEET', '127.0.0.1', server.port)
}

async function settled(members: readonly Member[], count: number): Promise<void> {
  const whole = new RegExp(`cluster_state:ok[\\s\\S]*cluster_known_nodes:${count}`)
  for (const { admin } of members) {
    await until(async () => whole.test(String(await admin.call('CLUSTER', 'INFO'))))
  }
}

async function nodesOf(admin: Redis): Promise<string> {
  return String(await admin.call('CLUSTER', 'NODES'))
}

function numbers([from = 0, to = 0]: number[]): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

import { execFile, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { shareOfDescriptors } from '#dist/src/descriptors.js'
import { folder, JOBS, startApp, startNode, toApp } from './harness.js'
import { RawPeer } from './raw-peer.js'

t.test(
  'connections are a quarter of the open files that a process may have, and no more than 1,024',
  async (t) => {
    const shares = [3, 80, 1024, 1e6, Number.POSITIVE_INFINITY].map((limit) =>
      shareOfDescriptors(1024, limit),
    )
    t.same(shares, [1, 20, 256, 1024, 1024])
    t.ok(shareOfDescriptors(1024) >= 1)
  },
)

const prlimit = spawnSync('prlimit', ['--version']).status === 0

t.test(
  'connections do not take the last file that a node may open: it says so, and goes on storing',
  { skip: prlimit ? false : 'prlimit is not here' },
  async (t) => {
    const { app, address } = await startApp(t)
    const flags = [...toApp(address), '--listen', '127.0.0.1:0', '--dir', folder(t)]
    const limit = 200
    const node = await startNode(t, 'n1', flags, {}, ['prlimit', `--nofile=${limit}:${limit}`])
    await app.ready
    const [host = '', port] = node.address.split(':')
    const peers = await Promise.allSettled(
      Array.from({ length: limit + 20 }, (_, n) =>
        RawPeer.dial(t, 'distributor', { host, port: Number(port) }, { name: `peer-${n}` }),
      ),
    )
    const connected = peers.filter(({ status }) => status === 'fulfilled').length
    t.equal(connected, limit / 4)
    await node.line('connection:refused', `there are ${limit / 4} connections already`)
    // More than LevelDB keeps in memory: new files are made.
    const text = 'x'.repeat(60_000)
    const later = Array.from(
      { length: 500 },
      () => app.enqueue('echo', { value: text }, { after: '1d' }).accepted,
    )
    await Promise.all(later)
    t.match(await app.enqueue('echo', { value: 1 }).result(), { echoed: 1 })
    t.ok(readdirSync(`/proc/${node.pid}/fd`).length < limit)
    t.equal(node.process.exitCode, null)
  },
)

t.test('a process that can not be started for want of descriptors is started later', async (t) => {
  // As many as the modules need that are loaded at once.
  const script = `ulimit -n 400; exec '${process.execPath}' test/fixtures/no-descriptors.mjs '${JOBS}'`
  const { stdout } = await promisify(execFile)('sh', ['-c', script], { cwd: resolve('.'), timeout: 60_000 })
  t.equal(stdout, 'JR_CHILD_START true again there\n')
})

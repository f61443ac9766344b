// `npm run build && node test/upgrade/make.mjs`: makes what is kept here anew, when a format number has changed. The store and
// the spool are as a killed process leaves them.
import { once } from 'node:events'
import { cpSync, lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Distributor } from '#dist/distributor/index.js'
import { levelStore } from '#dist/src/store/index.js'
import { startNode } from '#dist/start-node.js'
import { GROUPS, NODE, SENT } from './content.mjs'

const kept = new URL('./kept/', import.meta.url).pathname
const work = mkdtempSync(join(tmpdir(), 'jr-upgrade-'))
const jobs = new URL('../fixtures/jobs', import.meta.url).pathname
/** Without locks, and what LevelDB logs for people. */
const isKept = (path) => !/LOCK|^LOG|owner.pid/.test(basename(path)) && !lstatSync(path).isSocket()
const keep = (name) => cpSync(join(work, name), join(kept, name), { recursive: true, filter: isKept })

rmSync(kept, { recursive: true, force: true })
mkdirSync(join(kept, 'connection'), { recursive: true })

const store = levelStore({ dir: join(work, 'store') })
await store.open(NODE)
for (const group of GROUPS) await store.commit(group, true)
keep('store')
await store.close()

const spooling = new Distributor({
  name: 'app',
  nodes: ['127.0.0.1:1'],
  spool: join(work, 'spool'),
  logLevel: 'silent',
})
await spooling.start()
for (const { args, options } of SENT) spooling.enqueue('echo', args, options)
await spooling.stop({ timeout: 0 })
keep('spool')

// What each side of a connection says, until the app has been told that its jobs are stored.
const said = { app: [], node: [] }
const node = await startNode({ name: NODE, store: 'memory', jobs, listen: '127.0.0.1:0', logLevel: 'error' })
const { port } = node.address
const between = createServer((near) => {
  const far = connect(port, '127.0.0.1')
  near.on('data', (bytes) => said.app.push(bytes)).pipe(far)
  far.on('data', (bytes) => said.node.push(bytes)).pipe(near)
}).listen(0, '127.0.0.1')
await once(between, 'listening')
const app = new Distributor({
  name: 'app',
  nodes: [`127.0.0.1:${between.address().port}`],
  logLevel: 'silent',
})
await app.start()
await app.ready
await Promise.all(SENT.map(({ args, options }) => app.enqueue('echo', args, options).accepted))
await app.monitor().jobsFor(NODE, { state: 'scheduled' })
for (const [side, bytes] of Object.entries(said))
  writeFileSync(join(kept, 'connection', `${side}.bin`), Buffer.concat(bytes))
await app.stop({ timeout: 0 })
await node.stop()
between.close()
rmSync(work, { recursive: true })

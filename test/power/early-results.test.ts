import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Distributor } from '#dist/distributor/index.js'
import {
  event,
  folder,
  type NodeProcess,
  randomOf,
  readLog,
  startApp,
  startNode,
  toApp,
} from '../system/harness.js'
import { diskAfterLoss } from './disk.js'
import { type PoweredFolder, powered, undoLibrary, withoutPowerLoss } from './undo-log.js'

const skip = withoutPowerLoss()
const random = randomOf(1)

/** A node whose disk takes so long for a sync, and an app. */
async function slowNode(t: Test, root: string, syncMs: number, options = {}) {
  const { app, address } = await startApp(t, options)
  const flags = [...toApp(address), '--heartbeat', '200ms']
  const power = powered(join(root, 'before'), { library: undoLibrary(root), syncMs })
  const connected = event(app, 'node:connected')
  const node = await startNode(t, 'n1', [...flags, '--dir', join(power.dir, 'data')], power.env)
  await connected
  return { app, flags, power, node }
}

/** Nothing that was not synced is on the disk any more. Answers the folder of the node's data. */
async function losePower(app: Distributor, node: NodeProcess, power: PoweredFolder, root: string) {
  const away = event(app, 'node:disconnected')
  node.process.kill('SIGKILL')
  await node.exited
  await away
  const left = join(root, 'after')
  diskAfterLoss(power, left, 'all', random)
  return join(left, 'data')
}

t.test(
  'a result does not wait for the disk, and that a job is on the disk is said when it is',
  { skip },
  async (t) => {
    const { app } = await slowNode(t, folder(t), 100)
    const told: string[] = []
    for (const name of ['job:accepted', 'job:completed'] as const) app.on(name, () => told.push(name))
    for (let i = 0; i < 3; i++) {
      const accepted = event(app, 'job:accepted')
      await app.enqueue('echo', { value: i }).result()
      await accepted
    }
    t.same(told, Array(3).fill(['job:completed', 'job:accepted']).flat())

    told.length = 0
    const later = app.enqueue('echo', {}, { after: 3600 })
    await later.accepted
    t.same(told, ['job:accepted'])
  },
)

t.test(
  'a job that was over, and not on the disk, when the power was lost is not run again',
  { skip },
  async (t) => {
    const root = folder(t)
    const log = join(root, 'log')
    mkdirSync(log)
    const { app, flags, power, node } = await slowNode(t, root, 200, { doubtTimeout: '50ms' })
    let feedbacks = 0
    const job = app.enqueue('record', { log }, {}, () => feedbacks++)
    // Of a job that is over nobody waits for the disk.
    await Promise.all([job.result(), job.accepted])
    const data = await losePower(app, node, power, root)

    // What is in doubt goes to this node.
    await startNode(t, 'n2', [...flags, '--dir', join(root, 'n2')])
    t.match(await app.enqueue('facts', {}, { notNode: 'n1' }).result(), { facts: { node: 'n2' } })
    const back = event(app, 'node:connected')
    await startNode(t, 'n1', [...flags, '--dir', data])
    await back
    t.match(await app.enqueue('facts', {}, { node: 'n1', strictNode: true }).result(), {
      facts: { node: 'n1' },
    })
    t.equal(readLog(log).filter((entry) => entry.ev === 'begin' && entry.job === job.id).length, 1)
    t.equal(feedbacks, 1)
    t.same(await app.stop(), { notAccepted: 0 })
  },
)

t.test('a cancelled job is on the disk as cancelled when that is answered', { skip }, async (t) => {
  const root = folder(t)
  const { app, flags, power, node } = await slowNode(t, root, 100)
  const job = app.enqueue('echo', {}, { after: 3600, id: 'mine' })
  const failed = t.rejects(job.result(), { code: 'JR_CANCELLED' })
  await job.accepted
  t.equal(await job.cancel(), 'cancelled')
  await failed
  const data = await losePower(app, node, power, root)
  const back = event(app, 'node:connected')
  await startNode(t, 'n1', [...flags, '--dir', data])
  await back
  t.match(await app.monitor({ node: 'n1' }).jobsFor({ state: 'scheduled' }), { jobs: [] })
})

t.test('a job that a job made may be over before it is on the disk', { skip }, async (t) => {
  const { app } = await slowNode(t, folder(t), 100)
  t.match(await app.enqueue('enqueues', { value: 'x' }).result(), { fromChild: 'x' })
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { event, folder, startApp, startNode, toApp } from './harness.js'

/** 1,000,000 by command: JR_TEST_DELAYED=1000000 npx tap test/system/capacity.test.ts */
const JOBS = Number(process.env.JR_TEST_DELAYED ?? 100_000)

/** What the process has allocated, and what is resident with the pages of files (the program's own, and LevelDB's). */
function memoryMiB(pid: number): { own: number; resident: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const of = (name: string) =>
    Math.round(Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024)
  return { own: of('RssAnon'), resident: of('VmRSS') }
}

/** Bytes that the process has read, by system call, and how often it has gone to sleep of itself. */
function activity(pid: number): { read: number; sleeps: number } {
  const read = /^rchar: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]
  const sleeps = /^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return { read: Number(read), sleeps: Number(sleeps) }
}

t.test(
  `${JOBS} delayed jobs: little memory, no reads and no wake-ups while nothing is due, quick to start with`,
  {
    skip:
      process.platform !== 'linux' &&
      'what a process does while idle is read from /proc, which only Linux has',
  },
  async (t) => {
    t.setTimeout(240_000)
    const dir = folder(t)
    const { app, address } = await startApp(t, { heartbeat: '1h', maxHeld: JOBS })
    const flags = [...toApp(address), '--dir', join(dir, 'data'), '--heartbeat', '1h', '--log-level', 'info']
    const node = await startNode(t, 'n1', flags)
    await app.ready
    const from = performance.now()
    for (let left = JOBS; left > 0; ) {
      let last = app.enqueue('echo', { value: left }, { after: 3600 + (left % 1000) })
      for (let i = 1; i < Math.min(left, 10_000); i++)
        last = app.enqueue('echo', { value: i }, { after: 3600 + (i % 1000) })
      left -= Math.min(left, 10_000)
      await last.accepted
    }
    t.comment(`${JOBS} jobs were accepted in ${Math.round(performance.now() - from)} ms`)
    const memory = memoryMiB(node.pid)
    t.comment(`the node has allocated ${memory.own} MiB, ${memory.resident} MiB are resident`)
    if (JOBS <= 100_000) t.ok(memory.own < 150, `${memory.own} MiB`)

    // Only time tells that nothing happens. LevelDB sorts its files for a moment yet. V8 looks every eight seconds, for two
    // minutes, whether to tidy up; a node that polled would leave no five seconds in which nothing at all happens.
    let still = 0
    let last = activity(node.pid)
    for (let tries = 0; tries < 100 && still < 5; tries++) {
      await sleep(1000)
      const now = activity(node.pid)
      still = now.read === last.read && now.sleeps === last.sleeps ? still + 1 : 0
      last = now
    }
    t.equal(still, 5, 'five seconds without reading a byte, and without waking up')

    const gone = event(app, 'node:disconnected')
    process.kill(node.pid, 'SIGKILL')
    await gone
    const at = performance.now()
    const again = await startNode(t, 'n1', flags)
    const ms = performance.now() - at
    t.comment(`ready again after ${Math.round(ms)} ms, with ${memoryMiB(again.pid).resident} MiB`)
    t.ok(memoryMiB(again.pid).own < 150, 'it does not load them all')
    while (app.nodes()[0]?.status !== 'running') await event(app, 'node:connected')
    t.same(await app.enqueue('echo', { value: 'now' }).result(), { value: 'now', echoed: 'now' })
    const page = await app.monitor({ node: 'n1' }).jobsFor({ state: 'scheduled', limit: 5 })
    t.equal(page.jobs.length, 5)
  },
)

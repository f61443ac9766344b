import { existsSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import { job } from 'job-reactor'

job('noop', (args) => {
  args.y = args.x + 1
  if (args.due !== undefined) args.late = Date.now() - args.due
})

// Its payload stays where it is, as with the peers, whose results hold only what the job returns.
job('large', (args) => {
  args.y = args.x + 1
  args.text = undefined
})

job('heavy', { defer: true }, (args) => {
  const until = performance.now() + args.ms
  let spun = 0
  while (performance.now() < until) spun++
  args.y = args.x + 1
  args.spun = spun
})

/** All who wait at one gate wait for one look at its folder. */
const gates = new Map()

job('gate', ({ gate }) => {
  const open = gates.get(gate) ?? opened(gate)
  gates.set(gate, open)
  return open
})

function opened(gate) {
  return new Promise((resolve) => {
    const watcher = watch(dirname(gate), look)
    function look() {
      if (!existsSync(gate)) return
      watcher.close()
      resolve()
    }
    look()
  })
}

// It ends when the promise that it gave is kept: the next microtask after this time.
job('says_when', ({ ms }) => {
  return new Promise((resolve) => {
    setTimeout(() => resolve({ endedAt: performance.timeOrigin + performance.now() }), ms)
  })
})

job('fails', ({ x }) => {
  throw new Error(`order ${x} was declined`)
})

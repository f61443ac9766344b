// One sample in a process of its own, which is the app: starts a system, runs a workload, tells what was measured.
import { Inbox } from './inbox.mjs'
import { startMeter } from './processes.mjs'
import { SYSTEMS } from './systems.mjs'
import { WORKLOADS } from './workloads.mjs'

const LINGER_MS = 100

process.once('message', async (order) => {
  const workload = WORKLOADS.find(({ key }) => key === order.workload)
  const chosen = (workload.systems ?? SYSTEMS).find(({ name }) => name === order.system)
  const undo = []
  let failed
  const failure = new Promise((_, reject) => {
    failed = reject
  })
  failure.catch(() => {})
  const sample = {
    ...order.folders,
    hold: workload.hold === true,
    inbox: new Inbox(),
    /** Runs at the end, the last first. */
    defer: (step) => undo.push(step),
    /** Tells the process that must be gone when this one is. */
    started: (pid) => process.send({ started: pid }),
    fail: (error) => failed(error),
  }
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  // Ctrl-C in the terminal, told by the parent; or the parent is gone.
  const giveUp = () => failed(new Error('interrupted'))
  process.once('SIGTERM', giveUp).once('disconnect', giveUp)
  process.on('unhandledRejection', failed).on('uncaughtException', failed)

  const measure = async () => {
    const system = await chosen.start(sample)
    const measured = await workload.run({ system, sample, chosen, settings: order.settings, startMeter })
    // For results that come twice.
    await new Promise((resolve) => setTimeout(resolve, LINGER_MS))
    const { lost, twice } = sample.inbox
    return {
      versions: { node: process.versions.node, ...system.versions },
      measured: { ...measured, lost, twice },
    }
  }
  let answer
  try {
    answer = await Promise.race([measure(), failure])
  } catch (error) {
    answer = { error: error?.stack ?? String(error) }
  }
  await stop().catch((error) => {
    answer.error ??= `at the end: ${error.stack}`
  })
  if (process.connected) process.send({ answer }, () => process.exit())
  else process.exit()
})

import type { NodeHandle } from '../node/index.js'
import { messageOf } from '../src/thrown.js'

/**
 * The signals of a node: TERM and INT stop it gracefully, and at once when they come again; QUIT waits for ever; USR2
 * pauses, CONT resumes; USR1 kills the children (and does not start Node's debugger, which it would otherwise). `onStop` is called before
 * the node is first told to stop.
 */
export function onSignals(node: NodeHandle, onStop: () => void): { stop(): void; off(): void } {
  let asked = 0
  const stopping = (timeoutMs?: number) => {
    if (asked++ === 0) onStop()
    const how = asked > 1 ? { timeoutMs: 0 } : timeoutMs === undefined ? {} : { timeoutMs }
    node.stop(how).catch((error) => {
      process.stderr.write(`jr node: stopping: ${messageOf(error)}\n`)
    })
  }
  const handlers: Partial<Record<NodeJS.Signals, () => void>> = {
    SIGTERM: () => stopping(),
    SIGINT: () => stopping(),
    SIGQUIT: () => stopping(Number.POSITIVE_INFINITY),
    SIGUSR1: () => node.killChildren(),
    SIGUSR2: () => node.pause(),
    SIGCONT: () => node.resume(),
  }
  const entries = Object.entries(handlers) as [NodeJS.Signals, () => void][]
  for (const [signal, handler] of entries) process.on(signal, handler)
  return {
    stop: () => stopping(),
    off: () => {
      for (const [signal, handler] of entries) process.off(signal, handler)
    },
  }
}

/** Resolves at the first INT or TERM. A second one ends the process at once, as it does by itself. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      process.off('SIGINT', stop)
      process.off('SIGTERM', stop)
      resolve()
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
  })
}

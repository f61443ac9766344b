import { Worker } from 'node:worker_threads'

/** Ends this process and all that it has started: its group is its own. */
export function endGroup(): void {
  try {
    process.kill(-process.pid, 'SIGKILL')
  } catch {
    process.exit(0)
  }
}

/**
 * A thread that waits for `fd`, whose other end the node holds, to close. When the node ends, however it ends, the
 * thread kills the whole process group: a child that is busy can't notice anything itself, and what it has started
 * would outlive it. It sleeps in its own event loop, so that it costs no wake-ups, and so that it does not keep the
 * process when a job calls `process.exit`, as a thread that blocks in a read would.
 */
export function holdLifeLine(fd: number): void {
  const source = `
    const { Socket } = require('node:net')
    const line = new Socket({ fd: ${fd}, readable: true, writable: false })
    const end = () => {
      try {
        process.kill(-process.pid, 'SIGKILL')
      } catch {
        process.kill(process.pid, 'SIGKILL')
      }
    }
    line.on('error', end).on('close', end).resume()
  `
  const options = { eval: true, resourceLimits: { maxOldGenerationSizeMb: 32 }, execArgv: [] }
  new Worker(source, options).unref()
}

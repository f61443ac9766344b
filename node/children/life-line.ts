import { Worker } from 'node:worker_threads'

/**
 * A thread that blocks on reading `fd`, whose other end the node holds. When the node ends, however it ends, the read
 * returns, and the thread kills the whole process group: a child that is busy can't notice anything itself, and what
 * it has started would outlive it. Costs no wake-ups.
 */
export function holdLifeLine(fd: number): void {
  const source = `
    const { readSync } = require('node:fs')
    const byte = Buffer.alloc(1)
    for (;;) {
      try {
        if (readSync(${fd}, byte, 0, 1, null) === 0) break
      } catch (error) {
        if (error.code === 'EAGAIN') {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
          continue
        }
        if (error.code !== 'EINTR') break
      }
    }
    try {
      process.kill(-process.pid, 'SIGKILL')
    } catch {
      process.kill(process.pid, 'SIGKILL')
    }
  `
  const options = { eval: true, resourceLimits: { maxOldGenerationSizeMb: 32 }, execArgv: [] }
  new Worker(source, options).unref()
}

import { fork } from 'node:child_process'

/**
 * Starts the worker process of a system, by the same interpreter as the app. Resolves when it is connected. With
 * `sample.hold` it takes no job until `release` is called.
 */
export async function startWorker(sample, file, settings, onMessage = () => {}) {
  const worker = fork(file, [JSON.stringify({ ...settings, hold: sample.hold })], {
    serialization: 'advanced',
    // A session of its own, as our node has: Linux shares busy cores between sessions.
    detached: true,
  })
  sample.started(worker.pid)
  let stopping = false
  const ended = new Promise((resolve) => worker.once('exit', resolve))
  sample.defer(async () => {
    stopping = true
    // What it had under way is of no use to anyone.
    worker.kill('SIGKILL')
    await ended
  })
  await new Promise((resolve, reject) => {
    worker.on('message', (message) => (message === 'ready' ? resolve() : onMessage(message)))
    worker.once('exit', (code, signal) => {
      const error = new Error(`the worker ${file.pathname} ended (${code ?? signal})`)
      reject(error)
      if (!stopping) sample.fail(error)
    })
  })
  return { release: () => worker.send('go') }
}

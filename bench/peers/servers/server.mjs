import { spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { family } from '../../processes.mjs'

const START_MS = 60_000
const STOP_MS = 5000

/** A port of loopback that is free now. */
export async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** Starts a server in the foreground, waits until its port answers, and stops it with the sample. */
export async function startServer(
  sample,
  command,
  args,
  { port, env = {}, signal = 'SIGTERM', isReady = answers },
) {
  const server = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A session of its own, as a service has: Linux shares busy cores between sessions.
    detached: true,
  })
  let said = ''
  const keep = (chunk) => {
    said = (said + chunk).slice(-2000)
  }
  server.stdout.on('data', keep)
  server.stderr.on('data', keep)
  let over = false
  const ended = new Promise((resolve) => {
    server.once('error', (error) => keep(error.message))
    server.once('close', () => {
      over = true
      resolve()
    })
  })
  sample.started(server.pid)
  sample.defer(async () => {
    const all = family(server.pid)
    server.kill(signal)
    const timer = setTimeout(() => {
      for (const pid of all) kill(pid)
    }, STOP_MS)
    await ended
    clearTimeout(timer)
  })
  for (const until = Date.now() + START_MS; !(await isReady(port)); await sleep(20)) {
    if (over || Date.now() > until) throw new Error(`${command} did not start: ${said}`)
  }
  return server
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

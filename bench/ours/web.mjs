// A node and a server of the dashboard as their own processes, as `jr node` and `jr web` start them; and a flow of jobs from a process of its own.
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { NODE } from './job-reactor.mjs'

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const FLOW = fileURLToPath(new URL('flow-process.mjs', import.meta.url))
const TICK_MS = 10

/** Answers where both are, and `stop`. */
export async function startWeb(dir) {
  const node = await started(
    [
      'node',
      '--name',
      NODE.name,
      '--jobs',
      NODE.jobs,
      '--dir',
      dir,
      '--listen',
      '127.0.0.1:0',
      '--children',
      '1',
    ],
    ['--deferred-children', '0', '--concurrency', String(NODE.concurrency), '--log-level', 'error'],
    /listening on (\S+?)[,\s]/,
  )
  const web = await started(
    ['web', '--node', node.said, '--listen', '127.0.0.1:0'],
    [],
    /(http:\/\/\S+?)[,\s]/,
  )
  return {
    address: node.said,
    base: web.said.endsWith('/') ? web.said : `${web.said}/`,
    pid: node.process.pid,
    webPid: web.process.pid,
    async stop() {
      for (const { process: one } of [web, node]) {
        one.kill('SIGTERM')
        if (one.exitCode === null) await once(one, 'exit')
      }
    },
  }
}

async function started(args, more, pattern) {
  const child = spawn(process.execPath, [CLI, ...args, ...more], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  for await (const part of child.stdout.iterator({ destroyOnReturn: false })) {
    text += part
    const said = pattern.exec(text)?.[1]
    if (said !== undefined) {
      child.stdout.resume()
      return { process: child, said }
    }
  }
  throw new Error(`jr ${args[0]} did not start: ${text}`)
}

/** Keeps jobs going from another process. `ask(what)` answers how many have ended, and what of a processor the app has used. */
export async function startFlow(address, { rate = 0, inFlight = 500 }) {
  const child = fork(FLOW, [address, String(rate), String(inFlight)], { execArgv: [] })
  await once(child, 'message')
  return {
    async ended() {
      child.send('count')
      const [{ ended }] = await once(child, 'message')
      return ended
    },
    async stop() {
      child.send('stop')
      await once(child, 'exit')
    },
  }
}

/** What of a processor a process has used, in ms. */
export function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

/** Asks over connections that stay open. */
export function client(base, connections = 64) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const ask = (method, path, body) =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const headers = { 'x-job-reactor': '1', 'content-type': 'application/json' }
      if (text !== undefined) headers['content-length'] = Buffer.byteLength(text)
      const req = request(new URL(`api/v1/${path}`, base), { agent, method, headers }, (res) => {
        const parts = []
        res.on('data', (part) => parts.push(part))
        res.on('end', () => {
          const at = performance.now()
          const answer = Buffer.concat(parts).toString()
          if (res.statusCode >= 300) reject(new Error(`${method} ${path}: ${res.statusCode} ${answer}`))
          else resolve({ at, bytes: answer.length, body: JSON.parse(answer) })
        })
        res.on('error', reject)
      })
      req.on('error', reject)
      req.end(text)
    })
  return { ask, close: () => agent.destroy() }
}

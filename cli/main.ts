#!/usr/bin/env node
import { messageOf } from '../src/thrown.js'
import { EXIT, exitCodeOf } from './exit-codes.js'
import { HELP } from './help.js'

// Each call to LevelDB takes a thread of libuv's pool, and four are soon all waiting for the disk. The pool is made
// at its first use, which is later than this.
process.env.UV_THREADPOOL_SIZE ??= '8'

type Command = (argv: string[]) => Promise<number>

const COMMANDS: Readonly<Record<string, () => Promise<{ run: Command }>>> = {
  node: () => import('./commands/node.js'),
  status: () => import('./commands/status.js'),
  top: () => import('./commands/top.js'),
  jobs: () => import('./commands/jobs.js'),
  enqueue: () => import('./commands/enqueue.js'),
  failures: () => import('./commands/failures.js'),
  counts: () => import('./commands/counts.js'),
  names: () => import('./commands/names.js'),
  limits: () => import('./commands/limits.js'),
  pause: () => import('./commands/pause.js'),
  resume: async () => ({ run: (await import('./commands/pause.js')).resume }),
  schedules: () => import('./commands/schedules.js'),
  flow: () => import('./commands/flow.js'),
  nodes: () => import('./commands/nodes.js'),
  children: () => import('./commands/children.js'),
  drain: () => import('./commands/drain.js'),
  web: () => import('./commands/web.js'),
  demo: () => import('./commands/demo.js'),
  doctor: () => import('./commands/doctor.js'),
  repair: () => import('./commands/repair.js'),
  config: () => import('./commands/config.js'),
  completion: () => import('./commands/completion.js'),
}

async function main([name, ...argv]: string[]): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(HELP)
    return name === undefined ? EXIT.usage : EXIT.ok
  }
  if (name === '--version' || name === '-v') {
    const { PACKAGE_VERSION } = await import('../src/package-version.js')
    process.stdout.write(`${PACKAGE_VERSION}\n`)
    return EXIT.ok
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (load === undefined) {
    process.stderr.write(`jr: no command '${name}'\n\n${HELP}`)
    return EXIT.usage
  }
  try {
    const { run } = await load()
    return await run(argv)
  } catch (error) {
    const text = messageOf(error)
    const code = exitCodeOf(error)
    process.stderr.write(`jr ${name}: ${text}\n`)
    if (code === EXIT.usage) process.stderr.write(`See jr ${name} --help\n`)
    return code
  }
}

// A reader that has seen enough (jr config | head) is no failure. But a node has work to end, whoever has stopped
// listening: when the app that reads its log is killed, writing to it fails.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' && process.argv[2] !== 'node') process.exit(EXIT.ok)
})
process.stderr.on('error', () => {})

process.exitCode = await main(process.argv.slice(2))

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { Distributor, type DistributorOptions } from '#dist/distributor/index.js'
import { type Address, formatAddress } from '#dist/src/wire/address.js'
import '../plain-processes.js'
import type { Entry } from './history.js'

export { randomOf } from '../fixtures/random.mjs'

export const CLI = resolve('dist/cli/main.js')
export const JOBS = resolve('test/fixtures/jobs')

/** Most tests need one child, and to start another costs as much as most tests. */
const FEW_CHILDREN = ['--deferred-children', '0', '--standby-children', '0']
/** As nodes have by default. */
export const ALL_CHILDREN = ['--deferred-children', '1', '--standby-children', '1']
/** Lines of a node's log that are shown when a test fails. */
const LAST_WORDS = 20

/** A folder for this test; kept, and named, when the test fails. */
export function folder(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'jr-test-'))
  t.teardown(() => {
    if (t.passing()) rmSync(dir, { recursive: true, force: true })
    else console.error(`kept: ${dir}`)
  })
  return dir
}

/** A started distributor that listens on a free port, stopped with the test. */
export async function startApp(
  t: Test,
  options: DistributorOptions = {},
): Promise<{ app: Distributor; address: Address }> {
  const app = new Distributor()
  const address = await app.start({ port: 0, logLevel: 'silent', ...options })
  t.teardown(() => app.stop({ timeout: 0 }))
  if (address === null) throw new Error('the app does not listen')
  return { app, address }
}

/** The lines that a process logs. */
export class Log {
  readonly lines: string[] = []
  readonly #watchers = new Set<(line: string | null) => void>()
  #rest = ''
  /** What is said to those who wait for a line that does not come any more. */
  #over: string | null = null

  add(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      this.lines.push(line)
      for (const watch of [...this.#watchers]) watch(line)
    }
  }

  end(why: string): void {
    this.#over = why
    for (const watch of [...this.#watchers]) watch(null)
  }

  get tail(): string {
    return [...this.lines.slice(-LAST_WORDS), this.#rest].join('\n')
  }

  /** Resolves with the first line, from now on or before, that has all these parts. Rejects when the log ends without it. */
  line(...parts: string[]): Promise<string> {
    const matches = (text: string) => parts.every((part) => text.includes(part))
    const line = new Promise<string>((found, fail) => {
      const before = this.lines.find(matches)
      if (before !== undefined) return found(before)
      const watch = (text: string | null) => {
        if (text !== null && !matches(text)) return
        this.#watchers.delete(watch)
        if (text !== null) found(text)
        else fail(new Error(`no line with ${parts.join(', ')}. ${this.#over}`))
      }
      if (this.#over !== null) return watch(null)
      this.#watchers.add(watch)
    })
    // It may be awaited later, or never.
    line.catch(() => {})
    return line
  }
}

/** What the apps of this process log, as JSON, until the test ends. */
export function appLog(t: Test): Log {
  const log = new Log()
  const { write } = process.stderr
  t.teardown(() => {
    process.stderr.write = write
  })
  process.stderr.write = ((text: string | Uint8Array) => {
    if (typeof text !== 'string' || !text.startsWith('{"time":')) return write.call(process.stderr, text)
    log.add(text)
    return true
  }) as typeof write
  return log
}

export interface NodeProcess {
  readonly process: ChildProcess
  readonly pid: number
  /** Where it listens, when it does. */
  readonly address: string
  readonly log: string[]
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** Resolves with the first line of the log, from now on or before, that has all these parts; rejects when it ends without one. */
  line(...parts: string[]): Promise<string>
  /** How it is with the process, and its last words. */
  said(): string
}

/**
 * A real `jr node`, killed with the test. Resolves when it is ready. When the test fails, its last words are printed. `env`: more
 * than its PATH; `by`: a command that starts it; `cli`: that of another build.
 */
export async function startNode(
  t: Test,
  name: string,
  flags: string[],
  env: Record<string, string> = {},
  by: readonly string[] = [],
  cli = CLI,
): Promise<NodeProcess> {
  // It gets nothing of this process's variables: `env -i`.
  const child = spawn(
    'env',
    [
      '-i',
      `PATH=${process.env.PATH}`,
      ...Object.entries(env).map(([key, value]) => `${key}=${value}`),
      ...by,
      process.execPath,
      cli,
      'node',
      '--name',
      name,
      '--jobs',
      JOBS,
      '--log-level',
      'debug',
      ...FEW_CHILDREN,
      ...flags,
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const log = new Log()
  const said = () => {
    const state = child.exitCode ?? child.signalCode ?? 'runs'
    return `node ${name} (${state}): ${log.tail}`
  }
  t.teardown(() => {
    if (!t.passing()) console.error(said())
    child.kill('SIGKILL')
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => log.add(text))
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
  child.once('close', () => log.end(said()))
  const ready = new Promise<string>((done, fail) => {
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      if (out.includes('is ready')) done(out)
    })
    exited.then(() => fail(new Error(said())))
  })
  const address = /listening on (\S+)/.exec(await ready)?.[1] ?? ''
  const line = (...parts: string[]) => log.line(...parts)
  return { process: child, pid: child.pid ?? 0, address, log: log.lines, exited, line, said }
}

export function toApp(address: Address): string[] {
  return ['--distributors', formatAddress(address)]
}

/** Resolves with the next event of this name that `test` answers true for. */
export function event(
  app: Distributor,
  name: Parameters<Distributor['on']>[0],
  test: (event: never) => boolean = () => true,
): Promise<unknown> {
  return new Promise((found) => {
    const listener = (happened: unknown) => {
      if (!test(happened as never)) return
      app.off(name, listener)
      found(happened)
    }
    app.on(name, listener)
  })
}

/** What the jobs have written down. */
export function readLog(dir: string): Entry[] {
  mkdirSync(dir, { recursive: true })
  return readdirSync(dir).flatMap((file) => {
    const lines = readFileSync(join(dir, file), 'utf8').split('\n')
    // The last line of a killed process may be torn.
    return lines.flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as Entry] : []))
  })
}

/** Process ids below this one, children's children too. */
export function descendants(pid: number): number[] {
  let own: number[] = []
  try {
    own = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number)
  } catch {
    return []
  }
  return own.flatMap((child) => [child, ...descendants(child)])
}

export function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/**
 * Resolves when it is so, for what no event tells of; while it can't be asked it is not. Rejects after a minute, with what was
 * waited for.
 */
export async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  const last = performance.now() + 60_000
  for (;;) {
    let so = false
    let why = ''
    try {
      so = await what()
    } catch (error) {
      why = `: ${error}`
    }
    if (so) return
    if (performance.now() > last) throw new Error(`it is not so after a minute: ${what}${why}`)
    await sleep(10)
  }
}

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { JrError } from '../src/errors.js'
import type { JobDefinition } from '../src/job/definition.js'
import { LIMIT_NAMES, parseLimits } from '../src/job/limits.js'
import { type JobOptions, type RegisteredJob, registry } from '../src/job/registry.js'
import { checkBackoff } from '../src/job/terms/backoff.js'
import { ATTEMPTS, checked, givenDuration, KEPT_LINES } from '../src/rules.js'
import { messageOf } from '../src/thrown.js'

const JOB_FILE = /(\.(js|mjs|cjs)|(?<!\.d)\.(ts|mts|cts))$/
const TYPESCRIPT = /\.([mc]?)ts$/
/** Tests beside the job files, and what is not ours. */
const LEFT_ALONE = /^(node_modules|__tests__)$|\.(test|spec)\.[mc]?[jt]s$/
// Node strips types from version 22.18 on.
const RUNS_TYPESCRIPT = Boolean(Reflect.get(process.features, 'typescript'))

/**
 * Imports every job file below `dir`, in the order of their paths, and answers what they define. `onFile` is told of each
 * before it is imported, as that may never end. Rejects with JR_CHILD_START, naming the file, when one can't be loaded,
 * when two define one job, and when a callback belongs to no job.
 */
export async function loadJobs(
  dir: string,
  imports: boolean,
  onFile: (file: string) => void,
): Promise<JobDefinition[]> {
  const found = jobFiles(dir)
  const files = imports || RUNS_TYPESCRIPT ? found : withoutTypeScript(dir, found)
  const origins = new Map<string, Origin>()
  for (const file of files) {
    onFile(file)
    try {
      await import(pathToFileURL(file).href)
    } catch (cause) {
      const why = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
      throw new JrError('JR_CHILD_START', `job file ${file}: ${why}`, { cause })
    }
    checkOrigins(file, origins)
  }
  const { jobs, strangers } = registry()
  if (strangers.length > 0) {
    throw new JrError(
      'JR_CHILD_START',
      `job files use another job-reactor than the node: ${strangers.join(', ')}`,
    )
  }
  if (jobs.size === 0) {
    const what =
      files.length === 0
        ? 'has no job files (.js, .mjs, .cjs, .ts, .mts, .cts)'
        : `defines no job in ${files.length} files`
    throw new JrError(
      'JR_CHILD_START',
      `${dir} ${what}; a job file calls job('name', handler) of 'job-reactor'`,
    )
  }
  return [...jobs.values()].map((job) => describe(job, origins.get(job.name)?.file))
}

interface Origin {
  readonly file: string
  readonly handler: RegisteredJob['handler']
}

/** A file may define its own job anew; another's it may not: which of them counts would hang on their names. */
function checkOrigins(file: string, origins: Map<string, Origin>): void {
  for (const { name, handler } of registry().jobs.values()) {
    if (handler === null) continue
    const before = origins.get(name)
    if (before !== undefined && before.handler !== handler) {
      const text = `job '${name}' is defined by two job files: ${before.file} and ${file}; give one of them another name`
      throw new JrError('JR_CHILD_START', text)
    }
    if (before === undefined) origins.set(name, { file, handler })
  }
}

function jobFiles(dir: string): string[] {
  let entries: string[]
  try {
    entries = readdirSync(dir).sort()
  } catch (cause) {
    const why = messageOf(cause)
    throw new JrError('JR_CHILD_START', `cannot read the job directory ${dir} (option jobs): ${why}`, {
      cause,
    })
  }
  const files: string[] = []
  for (const entry of entries) {
    if (entry.startsWith('.') || LEFT_ALONE.test(entry)) continue
    const path = join(dir, entry)
    if (statSync(path).isDirectory()) files.push(...jobFiles(path))
    else if (JOB_FILE.test(entry)) files.push(path)
  }
  return files
}

/** What was compiled where it lies is run from its JavaScript; anything else in TypeScript would be lost without a word. */
function withoutTypeScript(dir: string, found: readonly string[]): string[] {
  const files = found.filter((file) => !TYPESCRIPT.test(file))
  const lost = found.filter((file) => TYPESCRIPT.test(file) && !files.includes(compiled(file)))
  if (lost.length > 0) {
    const how =
      'use Node 22.18 or newer, compile them and give the folder of the output as option jobs, or install a loader and give it as option import (npm install tsx, --import tsx)'
    const text = `${dir} has ${lost.length} job file${lost.length === 1 ? '' : 's'} in TypeScript (${lost[0]}), which Node ${process.version} does not run: ${how}`
    throw new JrError('JR_CHILD_START', text)
  }
  return files
}

function compiled(file: string): string {
  return file.replace(TYPESCRIPT, '.$1js')
}

function describe(job: RegisteredJob, file: string | undefined): JobDefinition {
  const { name, options, handler } = job
  if (handler === null) {
    throw new JrError(
      'JR_CHILD_START',
      `a callback or errback is registered for '${name}', and no job of that name`,
    )
  }
  try {
    const { defer, timeout, maxAttempts, backoff, keepLogs, ...rest } = options
    checkOptions(options)
    const limits = parseLimits(rest, '')
    return {
      name,
      defer: defer ?? false,
      timeoutMs: timeout === undefined ? null : givenDuration(timeout, 'timeout'),
      maxAttempts: maxAttempts === undefined ? null : checked(ATTEMPTS, maxAttempts, 'maxAttempts'),
      backoff:
        backoff === undefined || typeof backoff === 'function' ? null : checkBackoff(backoff, 'backoff'),
      limits: Object.keys(limits).length === 0 ? null : limits,
      keepLogs: keepLogs === undefined ? null : checked(KEPT_LINES, keepLogs, 'keepLogs'),
    }
  } catch (cause) {
    const text = `job file ${file}: job('${name}'): option ${(cause as Error).message}`
    throw new JrError('JR_CHILD_START', text, { cause })
  }
}

function checkOptions(options: JobOptions): void {
  const known: readonly string[] = ['defer', 'timeout', 'maxAttempts', 'backoff', 'keepLogs', ...LIMIT_NAMES]
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) throw new TypeError(`${unknown}: no such option; known: ${known.join(', ')}`)
}

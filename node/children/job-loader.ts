import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseDurationMs } from '../../src/duration.js'
import { JrError } from '../../src/errors.js'
import { checkBackoff } from '../../src/job/enqueue-options.js'
import { type RegisteredJob, registry } from '../../src/job/registry.js'
import type { LoadedJob } from './messages.js'

/**
 * Imports every job file below `dir`, in the order of their paths, and answers what they define. Rejects with
 * JR_CHILD_START, naming the file, when one can't be loaded, and when a callback belongs to no job.
 */
export async function loadJobs(dir: string): Promise<LoadedJob[]> {
  const files = jobFiles(dir)
  for (const file of files) {
    try {
      await import(pathToFileURL(file).href)
    } catch (cause) {
      const why = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
      throw new JrError('JR_CHILD_START', `job file ${file}: ${why}`, { cause })
    }
  }
  const { jobs, strangers } = registry()
  if (strangers.length > 0) {
    throw new JrError(
      'JR_CHILD_START',
      `job files use another job-reactor than the node: ${strangers.join(', ')}`,
    )
  }
  if (jobs.size === 0) {
    const found =
      files.length === 0 ? 'has no job files (.js, .mjs, .cjs)' : `defines no job in ${files.length} files`
    throw new JrError(
      'JR_CHILD_START',
      `${dir} ${found}; a job file calls job('name', handler) of 'job-reactor'`,
    )
  }
  return [...jobs.values()].map(describe)
}

function jobFiles(dir: string): string[] {
  let entries: string[]
  try {
    entries = readdirSync(dir).sort()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new JrError('JR_CHILD_START', `cannot read the job directory ${dir} (option jobs): ${why}`, {
      cause,
    })
  }
  const files: string[] = []
  for (const entry of entries) {
    if (entry.startsWith('.') || entry === 'node_modules') continue
    const path = join(dir, entry)
    if (statSync(path).isDirectory()) files.push(...jobFiles(path))
    else if (isJobFile(entry)) files.push(path)
  }
  return files
}

function isJobFile(name: string): boolean {
  if (/\.(js|mjs|cjs)$/.test(name)) return true
  // Node strips types from version 22.18 on.
  return /(?<!\.d)\.(ts|mts|cts)$/.test(name) && Boolean(Reflect.get(process.features, 'typescript'))
}

function describe(job: RegisteredJob): LoadedJob {
  const { name, options, handler } = job
  if (handler === null) {
    throw new JrError(
      'JR_CHILD_START',
      `a callback or errback is registered for '${name}', and no job of that name`,
    )
  }
  try {
    const { defer, timeout, maxAttempts, backoff } = options
    return {
      name,
      defer: defer ?? false,
      timeoutMs: timeout === undefined ? null : parseDurationMs(timeout, 'timeout'),
      maxAttempts: maxAttempts ?? null,
      backoff:
        backoff === undefined || typeof backoff === 'function' ? null : checkBackoff(backoff, 'backoff'),
    }
  } catch (cause) {
    throw new JrError('JR_CHILD_START', `job('${name}'): option ${(cause as Error).message}`, { cause })
  }
}

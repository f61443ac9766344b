import { shown } from './duration.js'

/** The settings of `JR.config`: defaults for everything that this process starts. */
export interface JrConfig {
  /** Folder of the job files. Default `'reactor_jobs'`. */
  jobDirectory: string
  /** Attempts of a job, the first included. Default 10. */
  maxAttempt: number
  /** Seconds; the wait after attempt n is n times this. Default 5. */
  retryMultiplier: number
  /** A job with `node` waits for that node rather than go elsewhere. Default false. */
  alwaysUseSpecifiedNode: boolean
  /** Jobs see their own facts as `args.jobItself`. Default false. */
  mergeJobItselfToArgs: boolean
  /** Nodes log starts, ends and failures of jobs. Default true. */
  logJobProcessing: boolean
  /** Nodes forget completed jobs. Default true. */
  removeDoneJobs: boolean
  /** Nodes forget cancelled jobs. Default true. */
  removeCancelledJobs: boolean
  /** Nodes forget failed jobs. Default false. */
  removeFailedJobs: boolean
  /** Nodes go on with what is in their store when they start. Default true. */
  retryJobsAtStart: boolean
}

const DEFAULTS: Readonly<JrConfig> = {
  jobDirectory: 'reactor_jobs',
  maxAttempt: 10,
  retryMultiplier: 5,
  alwaysUseSpecifiedNode: false,
  mergeJobItselfToArgs: false,
  logJobProcessing: true,
  removeDoneJobs: true,
  removeCancelledJobs: true,
  removeFailedJobs: false,
  retryJobsAtStart: true,
}

/** A configuration with the defaults. Assigning an unknown key, or a value of another kind, throws a TypeError. */
export function defaultConfig(): JrConfig {
  return new Proxy(
    { ...DEFAULTS },
    {
      set(target, key, value) {
        check(key, value)
        return Reflect.set(target, key, value)
      },
      deleteProperty(_target, key) {
        throw new TypeError(`JR.config.${String(key)} cannot be deleted; assign its default instead`)
      },
    },
  )
}

/** What of a configuration concerns a node, under the names of a node's options. Only what differs from the defaults. */
export function nodeOptionsOf(config: JrConfig): Record<string, unknown> {
  const { jobDirectory, maxAttempt, retryMultiplier, alwaysUseSpecifiedNode: _, ...same } = config
  const options: Record<string, unknown> = {}
  if (jobDirectory !== DEFAULTS.jobDirectory) options.jobs = jobDirectory
  if (maxAttempt !== DEFAULTS.maxAttempt) options.maxAttempts = maxAttempt
  if (retryMultiplier !== DEFAULTS.retryMultiplier)
    options.backoff = { type: 'linear', delay: retryMultiplier }
  for (const [key, value] of Object.entries(same)) {
    if (value !== DEFAULTS[key as keyof JrConfig]) options[key] = value
  }
  return options
}

function check(key: string | symbol, value: unknown): void {
  if (typeof key !== 'string' || !(key in DEFAULTS)) {
    throw new TypeError(
      `JR.config.${String(key)}: no such setting; known: ${Object.keys(DEFAULTS).join(', ')}`,
    )
  }
  const expected = typeof DEFAULTS[key as keyof JrConfig]
  const number =
    typeof value === 'number' && value >= (key === 'maxAttempt' ? 1 : 0) && Number.isFinite(value)
  const fits =
    expected === 'number'
      ? number && (key !== 'maxAttempt' || Number.isInteger(value))
      : typeof value === expected
  if (!fits || value === '')
    throw new TypeError(`JR.config.${key}: expected a ${expected}, got ${shown(value)}`)
}

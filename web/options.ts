import type { IncomingMessage } from 'node:http'
import type { LoadedJob, MonitoredJob } from '../distributor/index.js'
import { shown } from '../src/options/duration.js'
import { secretLines } from '../src/options/secret.js'

/** What somebody may do. */
export interface Rights {
  /** See jobs, names, nodes and so on. */
  readonly read: boolean
  /** See what jobs were given, say, and leave behind: args, results, progress, lines of the log, errors. */
  readonly args: boolean
  /** Change things. */
  readonly write: boolean
  /** For the audit. */
  readonly user?: string
}

/** A job as it is about to be shown. In lists it has no args. */
export type ShownJob = MonitoredJob &
  Partial<Pick<LoadedJob, 'args' | 'result' | 'progress' | 'log' | 'attempts'>>

/** A change that somebody has made, or has tried to make. */
export interface AuditEntry {
  readonly at: Date
  /** Who: what `authorize` says; null: whoever has the token, or is on this machine. */
  readonly user: string | null
  readonly from: string
  readonly method: string
  /** Below `/api/v1`. */
  readonly path: string
  /** What was answered. */
  readonly status: number
}

export interface WebOptions {
  /** The path below which it is served, such as `/reactor`. Default: where Express has mounted it, else the root. */
  readonly base?: string
  /** Who sends this token (`authorization: Bearer …`) may do all. 16 characters at least. */
  readonly token?: string
  /** A file with the token, or two, one a line, that its owner alone can read. */
  readonly tokenFile?: string
  /**
   * Says what the sender of a request may do; null: it is nobody who is known. In place of a token. Without both, only those
   * on the same machine are served, and may do all.
   */
  readonly authorize?: (req: IncomingMessage) => Rights | null | Promise<Rights | null>
  /** Nobody can change anything. Default false. */
  readonly readOnly?: boolean
  /**
   * Called with each job that is shown: answers it without what nobody shall see. What it throws is answered as 500. With it nobody can search
   * in args, and the messages of failures are those of the jobs as it answers them.
   */
  readonly redact?: (job: ShownJob) => ShownJob
  /** Bytes of the body of a request. Default 1 MiB. */
  readonly maxBody?: number
  /** Called for each change, beside the line in the log. */
  readonly audit?: (entry: AuditEntry) => void
}

export interface WebValues {
  readonly base: string | null
  readonly tokens: readonly string[]
  readonly authorize: NonNullable<WebOptions['authorize']> | null
  readonly readOnly: boolean
  readonly redact: NonNullable<WebOptions['redact']> | null
  readonly maxBody: number
  readonly audit: NonNullable<WebOptions['audit']>
}

const KNOWN = ['base', 'token', 'tokenFile', 'authorize', 'readOnly', 'redact', 'maxBody', 'audit']
const MIB = 1024 * 1024
const LEAST_TOKEN = 16
/** A path that may stand in a page as it is. */
export const BASE = /^(\/[\w.~-]+)*$/

/** Throws a TypeError with the name of the option that is wrong, and JR_BAD_CONFIG for a file that can't be used. */
export function webValues(options: WebOptions): WebValues {
  for (const key of Object.keys(options))
    if (!KNOWN.includes(key)) throw new TypeError(`${key}: no such option; known: ${KNOWN.join(', ')}`)
  const { authorize = null, readOnly = false, maxBody = MIB } = options
  const { redact = null, audit = () => {} } = options
  const base = options.base?.replace(/\/$/, '') ?? null
  if (base !== null && !BASE.test(base))
    throw new TypeError(`base: expected a path such as '/reactor', got ${shown(options.base)}`)
  for (const [name, fn] of Object.entries({ authorize, redact, audit }))
    if (fn !== null && typeof fn !== 'function')
      throw new TypeError(`${name}: expected a function, got ${shown(fn)}`)
  if (typeof readOnly !== 'boolean')
    throw new TypeError(`readOnly: expected true or false, got ${shown(readOnly)}`)
  if (!Number.isInteger(maxBody) || maxBody < 1024 || maxBody > 64 * MIB)
    throw new TypeError(`maxBody: expected bytes, 1 KiB to 64 MiB, got ${shown(maxBody)}`)
  const tokens = tokensOf(options)
  if (tokens.length > 0 && authorize !== null)
    throw new TypeError('token and authorize: expected one of them, got both')
  return { base, tokens, authorize, readOnly, redact, maxBody, audit }
}

function tokensOf({ token, tokenFile }: WebOptions): readonly string[] {
  if (token !== undefined && tokenFile !== undefined)
    throw new TypeError('token and tokenFile: expected one of them, got both')
  const tokens =
    token !== undefined ? [token] : tokenFile !== undefined ? secretLines(tokenFile, 'tokenFile') : []
  for (const one of tokens)
    if (typeof one !== 'string' || one.length < LEAST_TOKEN)
      throw new TypeError(`token: expected text of ${LEAST_TOKEN} characters or more`)
  return tokens as readonly string[]
}

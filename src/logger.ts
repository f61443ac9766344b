import { json as jsonOf } from './bytes/plain.js'
import type { Clock } from './clock.js'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export type Facts = Readonly<Record<string, unknown>>

/** One line an entry: an event (`noun:verb`) and facts about it. Args and results of jobs are never among them. */
export interface Logger {
  readonly level: LogLevel
  debug(event: string, facts?: Facts): void
  info(event: string, facts?: Facts): void
  warn(event: string, facts?: Facts): void
  error(event: string, facts?: Facts): void
  /** What job code has printed: shown at every level but `silent`, as `info`. */
  output(event: string, facts?: Facts): void
  /** The same log with these facts in every line. */
  child(facts: Facts): Logger
}

export interface LoggerOptions {
  /** Default `info`. */
  readonly level?: LogLevel
  /** JSON lines. Default: when the stream is not a terminal. */
  readonly json?: boolean
  /** Default stderr. */
  readonly stream?: { write(text: string): unknown; isTTY?: boolean }
  readonly facts?: Facts
  readonly clock: Pick<Clock, 'now'>
}

const SECRET = /secret|password|token|authorization/i

export function createLogger(options: LoggerOptions): Logger {
  const { level = 'info', stream = process.stderr, facts = {}, clock } = options
  const json = options.json ?? stream.isTTY !== true
  const threshold = LOG_LEVELS.indexOf(level)
  const line = json ? jsonLine : textLine
  const make = (common: Facts): Logger => {
    const at =
      (name: LogLevel, rank = LOG_LEVELS.indexOf(name)) =>
      (event: string, more: Facts = {}) => {
        if (rank >= threshold) stream.write(line(new Date(clock.now()), name, event, { ...common, ...more }))
      }
    return {
      level,
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      output: at('info', LOG_LEVELS.indexOf('error')),
      child: (more) => make({ ...common, ...more }),
    }
  }
  return make(facts)
}

/** It says nothing, and needs no time. */
export const silentLogger: Logger = createLogger({ level: 'silent', clock: { now: () => 0 } })

function jsonLine(time: Date, level: LogLevel, event: string, facts: Facts): string {
  return `${jsonOf({ time: time.toISOString(), level, event, ...redacted(facts) })}\n`
}

function textLine(time: Date, level: LogLevel, event: string, facts: Facts): string {
  const pairs = Object.entries(redacted(facts)).map(([key, value]) => `${key}=${inline(value)}`)
  return `${time.toISOString().slice(11, 23)} ${level.padEnd(5)} ${[event, ...pairs].join(' ')}\n`
}

function redacted(facts: Facts): Facts {
  const entries = Object.entries(facts).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries.map(([key, value]) => [key, SECRET.test(key) ? '[redacted]' : value]))
}

function inline(value: unknown): string {
  const text = typeof value === 'string' ? value : jsonOf(value)
  return /[\s"=]/.test(text) ? JSON.stringify(text) : text
}

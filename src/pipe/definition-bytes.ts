import type { ByteReader } from '../bytes/byte-reader.js'
import type { ByteWriter } from '../bytes/byte-writer.js'
import type { JobDefinition } from '../job/definition.js'
import { readLimits, writeLimits } from '../job/limits.js'
import { readBackoff, writeBackoff } from '../job/terms/backoff.js'
import { ATTEMPTS, DURATION_MS, KEPT_LINES, received } from '../rules.js'
import { label } from '../wire/fields.js'

export function writeDefinition(
  w: ByteWriter,
  { name, defer, timeoutMs, maxAttempts, backoff, limits, keepLogs }: JobDefinition,
): void {
  w.text(name)
  w.flag(defer)
  w.flag(timeoutMs !== null)
  if (timeoutMs !== null) w.uint(timeoutMs)
  w.flag(maxAttempts !== null)
  if (maxAttempts !== null) w.uint(maxAttempts)
  w.flag(backoff !== null)
  if (backoff !== null) writeBackoff(w, backoff)
  w.flag(limits !== null)
  if (limits !== null) writeLimits(w, limits)
  w.flag(keepLogs !== null)
  if (keepLogs !== null) w.uint(keepLogs)
}

export function readDefinition(r: ByteReader): JobDefinition {
  return {
    name: label(r.text(), 'name'),
    defer: r.flag(),
    timeoutMs: r.flag() ? received(DURATION_MS, r.uint(), 'timeoutMs') : null,
    maxAttempts: r.flag() ? received(ATTEMPTS, r.uint(), 'maxAttempts') : null,
    backoff: r.flag() ? readBackoff(r) : null,
    limits: r.flag() ? readLimits(r) : null,
    keepLogs: r.flag() ? received(KEPT_LINES, r.uint(), 'keepLogs') : null,
  }
}

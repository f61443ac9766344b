import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** The process that holds a lease, as text: the machine and its process table, and the process in it. */
export function ownHolder(): string {
  return JSON.stringify([machine(), process.pid])
}

/**
 * Whether that process is known to have ended: it ran on this machine, and is not there any more. So a node that was
 * killed need not wait for its own lease when it is started again. A mistake here costs nobody a job: the one whose
 * lease is taken is refused from then on.
 */
export function isGone(holder: string): boolean {
  let parsed: unknown
  try {
    parsed = JSON.parse(holder)
  } catch {
    return false
  }
  if (!Array.isArray(parsed)) return false
  const [where, pid] = parsed
  if (where !== machine() || typeof pid !== 'number' || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** For people: which process it is. */
export function describeHolder(holder: string): string {
  try {
    const [where, pid] = JSON.parse(holder) as [string, number]
    return `process ${pid} on ${where.split(' ')[0]}`
  } catch {
    return 'another process'
  }
}

function machine(): string {
  return [hostname(), read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())]
    .concat(read(() => readlinkSync('/proc/self/ns/pid')))
    .join(' ')
}

/** Empty where the system has no such thing. */
function read(from: () => string): string {
  try {
    return from()
  } catch {
    return ''
  }
}

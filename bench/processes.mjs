import { readFileSync } from 'node:fs'

// What /proc says of processes and of the machine (Linux only).

/** More than this share of a core to others, and what was measured is marked. */
export const FOREIGN_LIMIT = 0.1

const TICK_MICROS = 10_000
const KERNEL_THREADS = 2

/** A process and all below it. */
export function family(pid) {
  try {
    const own = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return [pid, ...own.trim().split(' ').filter(Boolean).map(Number).flatMap(family)]
  } catch {
    return [pid]
  }
}

/** The fields of /proc/PID/stat after the name, which may hold spaces; none for a process that is gone. */
function statFields(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /, '')
      .split(' ')
  } catch {
    return []
  }
}

/** Tells a process from a later one of the same number. Undefined when it is gone. */
export function birth(pid) {
  return statFields(pid)[19]
}

/** CPU time in µs of a process, all its threads, all below it, and those of them that have ended and were waited for. */
export function cpuMicros(pid) {
  const ticks = family(pid).map((one) => statFields(one).slice(11, 15).map(Number))
  return ticks.flat().reduce((sum, one) => sum + one, 0) * TICK_MICROS
}

/** Proportional memory in bytes of a process and all below it: what is shared counts once. */
export function memoryBytes(pid) {
  return family(pid).reduce((sum, one) => {
    try {
      const text = readFileSync(`/proc/${one}/smaps_rollup`, 'latin1')
      return sum + Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0) * 1024
    } catch {
      return sum
    }
  }, 0)
}

/** CPU time in µs that the machine has spent on anything, and the share of it that its host took away. */
function machineMicros() {
  const [user, nice, system, , , , , steal] = readFileSync('/proc/stat', 'latin1')
    .split('\n', 1)[0]
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return { busy: (user + nice + system + steal) * TICK_MICROS, stolen: steal * TICK_MICROS }
}

/**
 * Starts a measurement of this process and all below it. The function that it answers gives the seconds since, the CPU
 * time of ours in µs, and `foreign`: how much of one core went to others, on this machine or on its host. Kernel threads
 * are not others: they write what we sync. What the host took away while we ran counts as our time, too, so it is looked
 * at by itself.
 */
export function startMeter() {
  const kernel = cpuMicros(KERNEL_THREADS)
  const own = cpuMicros(process.pid)
  const before = machineMicros()
  const from = performance.now()
  return () => {
    const seconds = (performance.now() - from) / 1000
    const cpu = cpuMicros(process.pid) - own
    const { busy, stolen } = machineMicros()
    const others = busy - before.busy - cpu - (cpuMicros(KERNEL_THREADS) - kernel)
    return { seconds, cpu, foreign: Math.max(0, others, stolen - before.stolen) / 1e6 / seconds }
  }
}

import { readFileSync } from 'node:fs'

/** CPU time of a process and all below it, in µs (Linux; NaN elsewhere). */
export function cpuMicros(pids) {
  try {
    return pids.reduce((sum, pid) => {
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ')
      // Clock ticks of 10 ms.
      return sum + (Number(fields[11]) + Number(fields[12])) * 10_000
    }, 0)
  } catch {
    return Number.NaN
  }
}

export function family(pid) {
  try {
    const own = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number)
    return [pid, ...own.flatMap(family)]
  } catch {
    return [pid]
  }
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

export function percentile(numbers, p) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))]
}

/** Keeps so many jobs in flight until `count` are done; counts those that were lost or came twice. */
export async function flow(enqueue, count, inFlight) {
  const seen = new Uint8Array(count)
  let twice = 0
  await new Promise((resolve) => {
    let sent = 0
    let done = 0
    const next = () => {
      const x = sent++
      enqueue({ x, text: 'abcdefghijklmnopqrstuvwxyz' }, (args) => {
        if (args.y !== x + 1) throw new Error(`job ${x} answered ${args.y}`)
        if (seen[x]++ > 0) twice++
        done++
        if (sent < count) next()
        else if (done === count) resolve()
      })
    }
    for (let i = 0; i < Math.min(inFlight, count); i++) next()
  })
  return { lost: seen.filter((times) => times === 0).length, twice }
}

import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import type { Distributor } from '#dist/distributor/index.js'
import type { Feedback } from '#dist/distributor/told/ticket.js'
import type { NodeProcess } from './harness.js'

/** A line for each job would be most of the work. */
export const LEAN = ['--no-log-job-processing']

/** So many times more than it takes to fill each queue a few times. */
export const FLOOD = Number(process.env.JR_TEST_FLOOD ?? 1)

/**
 * Looks how much memory the node has allocated while `work` is done, now and then and whenever `look` is called; answers the most,
 * in MiB. Rejects when the node ends meanwhile.
 */
export async function most(node: NodeProcess, work: (look: () => void) => Promise<void>): Promise<number> {
  let peak = 0
  const look = () => {
    peak = Math.max(peak, allocated(node.pid))
  }
  const looking = setInterval(look, 20)
  const ended = node.exited.then(() => Promise.reject(new Error(`it ended: ${node.said()}`)))
  try {
    await Promise.race([work(look), ended])
  } finally {
    clearInterval(looking)
  }
  return peak
}

/** MiB; 0 for a process that has ended. */
function allocated(pid: number): number {
  try {
    const kib = /^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Math.round(Number(kib ?? 0) / 1024)
  } catch {
    return 0
  }
}

/** Enqueues them all, and resolves when each was told, once. */
export async function all(
  app: Distributor,
  count: number,
  job: string,
  args: object,
  told: Feedback,
): Promise<void> {
  const times = new Map<string, number>()
  await new Promise<void>((done, fail) => {
    const onSuccess: Feedback = (result, info) => {
      times.set(info.id, (times.get(info.id) ?? 0) + 1)
      if (times.size === count) setImmediate(done)
      return told(result, info)
    }
    app.enqueueMany(
      job,
      Array.from({ length: count }, () => ({ ...args })),
      {},
      onSuccess,
      ({ error }) => fail(error as Error),
    )
  })
  const again = [...times.values()].filter((count) => count !== 1).length
  if (again > 0) throw new Error(`${again} of ${count} were told more than once`)
}

/** Nobody has closed a connection. */
export function stayed(t: Test, node: NodeProcess): void {
  const closed = node.log.filter((line) => /:disconnected|connection:broken|child:lost/.test(line))
  t.same(closed, [], 'no connection was closed, and no child lost')
}

import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import type { Distributor } from '#dist/distributor/index.js'
import type { Feedback } from '#dist/distributor/ticket.js'
import type { NodeProcess } from './harness.js'

/** Looks how much memory the process has allocated while `work` is done; answers the most, in MiB. */
export async function most(pid: number, work: (look: () => void) => Promise<void>): Promise<number> {
  let peak = 0
  const look = () => {
    const kib = /^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    peak = Math.max(peak, Math.round(Number(kib) / 1024))
  }
  await work(look)
  return peak
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

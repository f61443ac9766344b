const TEXT = 'abcdefghijklmnopqrstuvwxyz'

/** More jobs than any time is enough for. */
const MANY = 1e9

/** As many jobs as fit, for a while. */
export function flowFor(sample, ms, options) {
  return flow(sample, { ...options, count: MANY, limitMs: ms })
}

/** A job's small argument. */
export function smallArgs(inbox) {
  return { x: inbox.next(), text: TEXT }
}

/**
 * Keeps `inFlight` jobs under way until `count` have been sent or `limitMs` have passed, and waits for all results.
 * `enqueue` may answer a promise of the acceptance, which is not waited for.
 */
export async function flow(
  sample,
  { count, inFlight, limitMs = Number.POSITIVE_INFINITY, enqueue, args = smallArgs },
) {
  const { inbox } = sample
  const until = performance.now() + limitMs
  let left = count
  const send = () => {
    left--
    enqueue(args(inbox))?.catch(sample.fail)
  }
  inbox.onTake = () => {
    if (left === 0) return
    if (performance.now() < until) send()
    else left = 0
  }
  while (left > Math.max(0, count - inFlight)) send()
  await inbox.all()
}

/** Enqueues `count` jobs, at most `inFlight` of them not accepted yet. Resolves when all are stored. */
export async function fill({ count, inFlight, limitMs = Number.POSITIVE_INFINITY, stored }) {
  const until = performance.now() + limitMs
  let sent = 0
  const lane = async () => {
    while (sent < count && performance.now() < until) {
      sent++
      await stored()
    }
  }
  await Promise.all(Array.from({ length: Math.min(inFlight, count) }, lane))
  return sent
}

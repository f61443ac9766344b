import type { Clock } from '../src/clock.js'

/** Where a page over several nodes ends: with which node, and where there. Opaque to who gets it. */
interface Place {
  readonly node: string
  readonly after: string | null
}

export function cursorOf({ node, after }: Place): string {
  return Buffer.from(JSON.stringify([node, after])).toString('base64url')
}

/** Throws a TypeError when it is none of ours. */
export function placeOf(cursor: string): Place {
  try {
    const [node, after] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    if (typeof node === 'string' && (after === null || typeof after === 'string')) return { node, after }
  } catch {
    // As any other text.
  }
  throw new TypeError('after: expected what the page before had as next')
}

/** So long is looked for what belongs on a page; then it is answered as it is. */
const LOOK_MS = 500

/**
 * A page of what several nodes have, one node after the other in the order of their names. `read` answers a page of one of them. A
 * node may answer less than it is asked for, and have more; so may this, when little of very much is meant. Ends when nobody waits for it
 * any more.
 */
export async function pageOver<T>(
  nodes: readonly string[],
  after: string | null,
  limit: number,
  { clock, signal }: { readonly clock: Pick<Clock, 'mono'>; readonly signal: AbortSignal },
  read: (
    node: string,
    after: string | null,
    limit: number,
  ) => Promise<{ items: readonly T[]; next: string | null }>,
): Promise<{ items: T[]; next: string | null }> {
  const from = after === null ? null : placeOf(after)
  const items: T[] = []
  const until = clock.mono() + LOOK_MS
  // A node that has gone meanwhile is left out, with what is behind it there.
  const rest = [...nodes].sort().filter((node) => from === null || node >= from.node)
  for (const [i, node] of rest.entries()) {
    let place = node === from?.node ? from.after : null
    do {
      signal.throwIfAborted()
      const page = await read(node, place, limit - items.length)
      items.push(...page.items)
      place = page.next
      if (items.length >= limit || clock.mono() >= until) {
        if (place !== null) return { items, next: cursorOf({ node, after: place }) }
        const following = rest[i + 1]
        return { items, next: following === undefined ? null : cursorOf({ node: following, after: null }) }
      }
    } while (place !== null)
  }
  return { items, next: null }
}

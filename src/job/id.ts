import { nanoid } from 'nanoid'

/**
 * An id that no other job, node or distributor has: 21 URL-safe characters. The first is no `-`, so that a command does
 * not take it for a flag.
 */
export function newId(): string {
  for (;;) {
    const id = nanoid()
    if (!id.startsWith('-')) return id
  }
}

import { nanoid } from 'nanoid'

/** An id that no other job, node or distributor has: 21 URL-safe characters. */
export function newId(): string {
  return nanoid()
}

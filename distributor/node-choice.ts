/** A node as the choice sees it. */
export interface Candidate {
  readonly name: string
  /** Connected, welcomed, and taking jobs. */
  readonly open: boolean
  /** Can take so many bytes of args now without running out of credit. */
  hasCredit(bytes: number): boolean
  knows(job: string): boolean
  /** Slots that are free, as far as can be known here; may be below zero. */
  readonly free: number
}

export interface Wish {
  readonly id: string
  readonly name: string
  /** Not 0: the id is the user's own, and the same id should meet the same node. */
  readonly edition: number
  readonly node: string | null
  readonly strictNode: boolean
  readonly notNode: readonly string[]
  readonly bytes: number
}

/**
 * The node for a job, or null when it has to wait. The one that is asked for, when it can; else the one with most
 * free slots, of several alike the one whose turn it is (`turn` counts up).
 */
export function chooseNode<C extends Candidate>(wish: Wish, nodes: readonly C[], turn: number): C | null {
  if (wish.node !== null) {
    for (const node of nodes) if (node.name === wish.node && fits(node, wish)) return node
    if (wish.strictNode) return null
  }
  if (wish.edition > 0) return chooseByName(wish, nodes)
  let best: C | null = null
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[(i + turn) % nodes.length]
    if (node !== undefined && fits(node, wish) && (best === null || node.free > best.free)) best = node
  }
  return best
}

/** No node that is connected will ever take it, and none was asked for by name. */
export function isUnknown(wish: Wish, nodes: readonly Candidate[]): boolean {
  return wish.node === null && nodes.length > 0 && nodes.every((node) => !node.knows(wish.name))
}

function fits(node: Candidate, wish: Wish): boolean {
  return node.open && node.knows(wish.name) && !wish.notNode.includes(node.name) && node.hasCredit(wish.bytes)
}

/** Each node draws a number from its name and the id; the highest that may take the job does. */
function chooseByName<C extends Candidate>(wish: Wish, nodes: readonly C[]): C | null {
  let best: C | null = null
  let highest = -1
  for (const node of nodes) {
    if (!node.knows(wish.name) || wish.notNode.includes(node.name)) continue
    const drawn = hash(`${node.name}\0${wish.id}`)
    if (drawn <= highest) continue
    highest = drawn
    best = node
  }
  // Rather wait for that node than make the same job on another one.
  return best !== null && fits(best, wish) ? best : null
}

function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d)
  return (value ^ (value >>> 13)) >>> 0
}

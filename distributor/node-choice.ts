/** A node as the choice sees it. */
export interface Candidate {
  readonly name: string
  /** Connected and welcomed. */
  readonly connected: boolean
  /** Beside that it takes jobs. */
  readonly open: boolean
  /** Can take so many bytes of args now without running out of credit. */
  hasCredit(bytes: number): boolean
  knows(job: string): boolean
  /** Knows the job, and has children of the kind that it needs. */
  canRun(job: Pick<Wish, 'name' | 'defer'>): boolean
  /** Slots that are free, as far as can be known here; may be below zero. */
  readonly free: number
}

export interface Wish {
  readonly id: string
  readonly name: string
  /** Not 0: the id is the user's own, and the same id should meet the same node. */
  readonly edition: number
  /** On a deferred child, or on an evented one; null: as the job itself says. */
  readonly defer: boolean | null
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

/**
 * Why no node that is connected will ever take the job: none knows its name; those that do have no children of its kind;
 * those that could run it are ruled out. Null: one may, or one that was asked for by name and is away, or none is connected.
 */
export function whyNever(
  wish: Wish,
  nodes: readonly Candidate[],
): 'unknown' | 'childless' | 'ruled-out' | null {
  const { name, node: asked, strictNode, notNode } = wish
  let why: 'unknown' | 'childless' | 'ruled-out' | null = null
  for (const node of nodes) {
    if (!node.connected) {
      if (node.name === asked && node.canRun(wish)) return null
    } else if (!strictNode || asked === null || node.name === asked) {
      if (node.canRun(wish)) {
        if (!notNode.includes(node.name)) return null
        why = 'ruled-out'
      } else if (why !== 'ruled-out' && node.knows(name)) why = 'childless'
      else why ??= 'unknown'
    }
  }
  return why
}

function fits(node: Candidate, wish: Wish): boolean {
  return node.open && node.canRun(wish) && !wish.notNode.includes(node.name) && node.hasCredit(wish.bytes)
}

/** Each node draws a number from its name and the id; the highest that may take the job does. */
function chooseByName<C extends Candidate>(wish: Wish, nodes: readonly C[]): C | null {
  let best: C | null = null
  let highest = -1
  for (const node of nodes) {
    if (!node.canRun(wish) || wish.notNode.includes(node.name)) continue
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

import { homeKeyOf, homeOf } from '../../src/job/home.js'
import { mayRunOn, pinnedTo } from '../../src/job/terms/where.js'
import type { JobFields } from '../../src/wire/job-fields.js'
import type { NodeState, Takes } from '../../src/wire/messages.js'

/**
 * Why a node will never run a job, each nearer to it than the one before: it does not know the name; the job has terms of a
 * later version; the node has no children of its kind, or takes other priorities; the job may not run there.
 */
const REASONS = ['unknown', 'terms', 'childless', 'priority', 'ruled-out'] as const
export type Never = (typeof REASONS)[number]

/** Of a node that has not said yet which jobs it takes. */
export const NO_JOBS: Takes = { unknownJob: 'fail', terms: 0, minPriority: 0, maxPriority: 0 }

/** A node as the choice sees it. */
export interface Candidate {
  readonly name: string
  /** Connected and welcomed. */
  readonly connected: boolean
  /** Beside that it takes jobs. */
  readonly open: boolean
  readonly status: NodeState['status'] | 'disconnected'
  /** Can take so many bytes of args now without running out of credit. */
  hasCredit(bytes: number): boolean
  /** Why it will never run the job; null: it may. */
  whyNot(job: Wish): Exclude<Never, 'ruled-out'> | null
  /** Slots that are free, as far as can be known here; may be below zero. */
  readonly free: number
}

/** What of a job matters. */
export interface Wish extends Pick<JobFields, 'id' | 'name' | 'edition' | 'agreed'> {
  readonly bytes: number
  /** Of those that one node is to take together: one of each kind, and where they are at home. */
  readonly bundle?: { readonly kinds: readonly Wish[]; readonly home: string | null } | null
}

/**
 * The node for a job, or null when it has to wait. The one that is asked for, when it can; of a job that must meet others the
 * home of its key; else the one with most free slots, of several alike the one whose turn it is (`turn` counts up).
 */
export function chooseNode<C extends Candidate>(wish: Wish, nodes: readonly C[], turn: number): C | null {
  const { terms } = namer(wish).agreed
  if (terms.node !== undefined) {
    for (const node of nodes) if (node.name === terms.node && fits(node, wish)) return node
    if (pinnedTo(terms) !== null) return null
  }
  const key = wish.bundle ? wish.bundle.home : homeKeyOf(wish)
  if (key !== null) return chooseHome(key, wish, nodes)
  let best: C | null = null
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[(i + turn) % nodes.length]
    if (node !== undefined && fits(node, wish) && (best === null || node.free > best.free)) best = node
  }
  return best
}

/**
 * Why no node that is connected will ever take the job, of the one that comes nearest to it. Null: one may, or one that was
 * asked for by name and is away, or none is connected.
 */
export function whyNever(wish: Wish, nodes: readonly Candidate[]): Never | null {
  const { terms } = namer(wish).agreed
  const pinned = pinnedTo(terms)
  let nearest = -1
  for (const node of nodes) {
    if (node.connected ? pinned !== null && node.name !== pinned : node.name !== terms.node) continue
    const why = whyNot(node, wish)
    if (why === null) return null
    if (node.connected) nearest = Math.max(nearest, REASONS.indexOf(why))
  }
  return REASONS[nearest] ?? null
}

function fits(node: Candidate, wish: Wish): boolean {
  // What is taken together is more than a node lets others have on their way: it goes when anything may.
  return node.open && whyNot(node, wish) === null && node.hasCredit(wish.bundle ? 0 : wish.bytes)
}

/** The one that names a node, when one does. */
function namer(wish: Wish): Wish {
  return wish.bundle?.kinds.find(({ agreed }) => agreed.terms.node !== undefined) ?? wish
}

function whyNot(node: Candidate, wish: Wish): Never | null {
  if (!wish.bundle) return whyNotOne(node, wish)
  for (const kind of wish.bundle.kinds) {
    const why = whyNotOne(node, kind)
    if (why !== null) return why
  }
  return null
}

function whyNotOne(node: Candidate, wish: Wish): Never | null {
  return node.whyNot(wish) ?? (mayRunOn(node.name, wish.agreed.terms) ? null : 'ruled-out')
}

/** Whether it may ever take it. */
export function mayTake(node: Candidate, wish: Wish): boolean {
  return whyNot(node, wish) === null
}

/** Of those that may ever take it. */
function chooseHome<C extends Candidate>(key: string, wish: Wish, nodes: readonly C[]): C | null {
  const able = nodes.filter((node) => mayTake(node, wish))
  const name = homeOf(
    key,
    able.map((node) => node.name),
  )
  const home = able.find((node) => node.name === name)
  // Rather wait for that node than make the same job on another one.
  return home !== undefined && fits(home, wish) ? home : null
}

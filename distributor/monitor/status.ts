import type { ChildrenWanted, StatusOfNode } from '../../src/verbs/status.js'
import { type SetBy, setBy } from './controls.js'

/** An attempt that runs on a child. */
export interface RunningAttempt {
  /** Of its job. */
  readonly id: string
  readonly name: string
  readonly attempt: number
  readonly startedAt: Date
}

/** A child process of a node. */
export interface NodeChild {
  readonly pid: number
  /** `standby`: it takes the place of the next one that is lost. */
  readonly kind: 'evented' | 'deferred' | 'standby'
  /** `retiring`: it begins nothing more, and ends when what runs on it has. */
  readonly state: 'starting' | 'ready' | 'retiring' | 'gone'
  readonly startedAt: Date
  /** Bytes; null: that can't be read there. */
  readonly memory: number | null
  /** Attempts that have ended on it. */
  readonly done: number
  readonly runningCount: number
  /** The first 100 of them; of more than 20 children the first 2,000 together, about. */
  readonly running: readonly RunningAttempt[]
}

/** How many children of each kind a node is to have. */
export type NodeChildren = ChildrenWanted

/** A node as a whole. */
export interface NodeStatus {
  readonly node: string
  /** Of this package, on the node. */
  readonly version: string
  /** Of Node.js there, such as `v24.1.0`. */
  readonly runtime: string
  readonly pid: number
  readonly startedAt: Date
  /** When the node said this. */
  readonly at: Date
  /** Bytes, of the node's own process, without its children. */
  readonly memory: number
  /** Null: it is not paused as a whole. */
  readonly paused: SetBy | null
  /** Null: it takes new jobs. */
  readonly draining: SetBy | null
  /** `bytes` and `freeBytes` (on its disk): only of a folder. `error`: why it is not `fine`. */
  readonly store: StatusOfNode['store']
  readonly children: readonly NodeChild[]
  /** How many children it is to have now. */
  readonly most: NodeChildren
  /** The apps that are connected. */
  readonly apps: readonly { readonly name: string; readonly connectedAt: Date }[]
  /** As `jr config` shows them. `source`: `default`, `flag`, `environment`, `config file`, `option`, or `unset`. */
  readonly options: readonly {
    readonly name: string
    readonly value: string | null
    readonly source: string
  }[]
}

export function statusOf(raw: StatusOfNode, node: string): NodeStatus {
  return {
    node,
    ...raw,
    startedAt: new Date(raw.startedAt),
    at: new Date(raw.at),
    paused: setBy(raw.paused),
    draining: setBy(raw.draining),
    children: raw.children.map(({ running, ...child }) => ({
      ...child,
      startedAt: new Date(child.startedAt),
      running: running.map((one) => ({ ...one, startedAt: new Date(one.startedAt) })),
    })),
    apps: raw.apps.map(({ name, connectedAt }) => ({ name, connectedAt: new Date(connectedAt) })),
  }
}

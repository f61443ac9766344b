import type { SetBy } from './types.js'

export interface Child {
  readonly pid: number
  readonly kind: 'evented' | 'deferred' | 'standby'
  readonly state: string
  readonly startedAt: string
  readonly memory: number | null
  readonly runningCount: number
  readonly running: readonly {
    readonly id: string
    readonly name: string
    readonly attempt: number
    readonly startedAt: string
  }[]
}
export interface NodeShown {
  readonly node: string
  readonly connection: {
    readonly status: string
    readonly address: string | null
    readonly slots: number
    readonly connectedAt: number
  }
  readonly version?: string
  readonly runtime?: string
  readonly pid?: number
  readonly startedAt?: string
  readonly memory?: number
  readonly paused?: SetBy | null
  readonly draining?: SetBy | null
  readonly store?: {
    readonly kind: string
    readonly where: string
    readonly bytes: number | null
    readonly freeBytes: number | null
    readonly fine: boolean
    readonly error: string | null
  }
  readonly children?: readonly Child[]
  readonly most?: { readonly children: number; readonly deferred: number }
  readonly apps?: readonly { readonly name: string; readonly connectedAt: string }[]
  readonly options?: readonly {
    readonly name: string
    readonly value: string | null
    readonly source: string
  }[]
}
export interface Change {
  readonly at: string
  readonly user: string | null
  readonly from: string
  readonly method: string
  readonly path: string
  readonly status: number
}

/** What the API answers, as JSON has it: times are texts. `web/schemas.ts` has the same for others. */
export type State =
  | 'blocked'
  | 'scheduled'
  | 'available'
  | 'running'
  | 'retryable'
  | 'completed'
  | 'failed'
  | 'cancelled'
export const STATES: readonly State[] = [
  'available',
  'running',
  'scheduled',
  'retryable',
  'blocked',
  'failed',
  'completed',
  'cancelled',
]

export interface Service {
  readonly version: string
  readonly user: string | null
  readonly rights: { readonly read: boolean; readonly args: boolean; readonly write: boolean }
  readonly readOnly: boolean
  readonly nodes: readonly string[]
}

export interface Rates {
  readonly minute: number
  readonly hour: number
  readonly day: number
}
export interface Times {
  readonly p50: number
  readonly p95: number
  readonly p99: number
}
export interface Counts {
  readonly waiting: number
  readonly running: number
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
  readonly completedIn: Rates
  readonly failedIn: Rates
  readonly wait: Times | null
  readonly run: Times | null
}
export interface Stored {
  readonly waiting: number
  readonly running: number
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
  readonly outcomes: number
}
export interface Parts {
  readonly stepMs: number
  readonly completed: readonly number[]
  readonly failed: readonly number[]
}
export interface Series {
  readonly at: string
  readonly minute: Parts
  readonly hour: Parts
  readonly day: Parts
}
export interface SetBy {
  readonly since: string
  readonly by: string
}

export interface OverviewNode {
  readonly node: string
  readonly status: string
  readonly waiting?: number
  readonly running?: number
  readonly slots?: number
  readonly memory?: number
  readonly children?: number
  readonly fine?: boolean
  readonly paused?: SetBy | null
  readonly draining?: SetBy | null
}
export interface Overview {
  readonly at: string
  readonly counts: Counts | null
  readonly stored: Stored | null
  readonly oldest: string | null
  readonly series: Series | null
  readonly failing: readonly (Counts & { readonly name: string })[]
  readonly nodes: readonly OverviewNode[]
}

export interface Waits {
  readonly reason: string
  readonly text: string
  readonly until: string | null
}
export interface Attempt {
  readonly number: number
  readonly node: string
  readonly child: number
  readonly startedAt: string | null
  readonly finishedAt: string
  readonly error: {
    readonly name: string
    readonly message?: string
    readonly code: string
    readonly stack?: string
  } | null
}
export interface Job {
  readonly id: string
  readonly name: string
  readonly state: State
  readonly attempt: number
  readonly due: string
  readonly enqueuedAt: string
  readonly startedAt: string | null
  readonly finishedAt: string | null
  readonly lastError?: string | null
  readonly lastCode: string
  readonly lastStack?: string
  readonly terms: Readonly<Record<string, unknown>>
  readonly run: number
  readonly waits: Waits | null
  readonly distributor: string
  readonly defer: boolean
  readonly node: string
  readonly redacted?: boolean
}
export interface LogLine {
  readonly at: string
  readonly attempt: number
  readonly level: string
  readonly text: string
  readonly facts: Readonly<Record<string, unknown>>
}
export interface LoadedJob extends Job {
  readonly attempts?: readonly Attempt[]
  readonly log?: readonly LogLine[]
  readonly progress?: unknown
  readonly args?: Readonly<Record<string, unknown>>
  readonly result?: Readonly<Record<string, unknown>> | null
}
export interface JobPage {
  readonly jobs: readonly Job[]
  readonly next: string | null
}

export interface NameOnNode {
  readonly node: string
  readonly known: boolean
  readonly defer: boolean
  readonly running: number
  readonly limits: Readonly<Record<string, unknown>>
  readonly limitsSet: SetBy | null
  readonly paused: SetBy | null
  readonly pausedGroups: readonly (SetBy & { readonly group: string })[]
}
export interface Name {
  readonly name: string
  readonly paused: 'all' | 'some' | 'none'
  readonly counts: Counts | null
  readonly nodes: readonly NameOnNode[]
}

export interface FailureGroup {
  readonly name: string
  readonly code: string
  readonly message: string
  readonly count: number
  readonly first: string
  readonly last: string
  readonly example: string
}
export interface Failures {
  readonly groups: readonly FailureGroup[]
  readonly looked: number
  readonly more: boolean
}

export interface Schedule {
  readonly id: string
  readonly name: string
  readonly when: Readonly<Record<string, unknown>>
  readonly state: 'active' | 'paused' | 'ended'
  readonly next: readonly string[]
  readonly runs: number
  readonly skipped: number
  readonly last: string | null
  readonly app: string
  readonly node: string
}

export interface FlowJob {
  readonly key: string
  readonly id: string
  readonly name: string
  readonly state: State
  readonly needs: readonly (string | null)[]
}
export interface Flow {
  readonly id: string
  readonly node: string
  readonly counts: Readonly<Record<string, number>>
  readonly jobs: readonly FlowJob[]
}

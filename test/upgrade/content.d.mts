import type { EnqueueOptions } from '#dist/src/job/enqueue-options.js'
import type { EndedJob, JobRecord, Outcome } from '#dist/src/job/record.js'
import type { Change, Shelf, StoredNote } from '#dist/src/store/index.js'

export const LATER: number
export const NODE: string
export const SHELF: Shelf
export const JOBS: Record<'waits' | 'due' | 'runs' | 'failed' | 'schedule', JobRecord>
export const FAILED: EndedJob
export const OUTCOME: Outcome
export const NOTE: StoredNote
export const GROUPS: readonly (readonly Change[])[]
export const SENT: readonly { readonly args: { readonly value: number }; readonly options: EnqueueOptions }[]

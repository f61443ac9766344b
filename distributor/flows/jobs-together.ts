import type { DoneArgs } from '../../src/job/types.js'
import type { JobHandle, WaitOptions } from '../told/handle.js'
import type { JobHandles } from '../told/handles.js'

/** Jobs of these names that one node takes together, or none of them. */
export interface JobsTogether<Names extends readonly string[] = readonly string[]> {
  /** A handle for each, in order. */
  readonly jobs: { readonly [At in keyof Names]: JobHandle<Names[At]> }
  /**
   * Resolves when a node has all of them on disk. Rejects when no node will have them, with the code of the first that is why
   * (see `JobHandle.accepted`); its message says which one that is.
   */
  readonly accepted: Promise<void>
  /** What `JobHandle.result` answers for each, in order. Rejects with what the first of them rejects with. */
  results(options?: WaitOptions): Promise<{ [At in keyof Names]: DoneArgs<Names[At]> }>
}

export function jobsTogether<Names extends readonly string[]>(handles: JobHandles): JobsTogether<Names> {
  type Together = JobsTogether<Names>
  return {
    jobs: [...handles] as readonly unknown[] as Together['jobs'],
    get accepted() {
      return handles.accepted
    },
    results: (options) => handles.results(options) as ReturnType<Together['results']>,
  }
}

import type { ChildProcess } from 'node:child_process'
import { type Duplex, PassThrough } from 'node:stream'

/**
 * The pipe to a process that has just been spawned, by its descriptor there. Node gives none at all when this process has
 * no descriptors left, and says so with the event `error`, which comes next: then it is a pipe that is closed.
 */
export function pipeOf(process: ChildProcess, descriptor: number): Duplex {
  // The types do not know that it may be missing.
  const pipes = process.stdio as ChildProcess['stdio'] | undefined
  return (pipes?.[descriptor] as Duplex | undefined) ?? new PassThrough().destroy()
}

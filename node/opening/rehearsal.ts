import { readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { JrError } from '../../src/errors.js'
import { messageOf } from '../../src/thrown.js'

/** `distribute`: the distributor in the node's process. */
export type PartName = 'store' | 'children' | 'address' | 'distribute'

/** A part of a node that may keep it from starting. */
export interface Part {
  readonly name: PartName
  start(): Promise<unknown>
  stop(): Promise<unknown>
}

/** What came of trying the parts of a node. */
export interface Rehearsal {
  /** Why those that did not start did not. */
  readonly failures: Readonly<Partial<Record<PartName, string>>>
  /** How many jobs the job files define. */
  readonly defined: number
}

/** Starts each part, whatever becomes of the others, and stops it again. */
export async function tryParts(parts: readonly Part[]): Promise<Rehearsal['failures']> {
  const failures: Partial<Record<PartName, string>> = {}
  for (const { name, start, stop } of parts) {
    try {
      await start()
      await stop()
    } catch (error) {
      failures[name] = messageOf(error)
    }
  }
  return failures
}

/** Answers how the directory of a store is brought back to what it is now, if no store is in it. Throws JR_STORE. */
export function asItIs(dir: string): () => void {
  const there = statSync(dir, { throwIfNoEntry: false })
  if (there === undefined) {
    const made = firstMissing(dir)
    return () => rmSync(made, { recursive: true, force: true })
  }
  if (!there.isDirectory()) return () => {}
  const empty = readdirSync(dir).length === 0
  const us = process.geteuid?.()
  if (us === 0 && there.uid !== us && !empty) {
    const text = `${dir} belongs to user ${there.uid}, who could not open what root makes in it: run this as that user`
    throw new JrError('JR_STORE', text)
  }
  return () => {
    if (empty) for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true, force: true })
  }
}

function firstMissing(dir: string): string {
  const above = dirname(dir)
  return above === dir || statSync(above, { throwIfNoEntry: false }) !== undefined ? dir : firstMissing(above)
}

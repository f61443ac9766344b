import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Makes the directory, and those above it that are not there, for their owner alone; one that is there stays as it is. */
export function makePrivateDirectory(dir: string): void {
  // One by one: where the one above takes none (/proc), Node's own `recursive` never returns.
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() === true) return
  if (dirname(dir) !== dir) makePrivateDirectory(dirname(dir))
  try {
    mkdirSync(dir, { mode: 0o700 })
  } catch (error) {
    // Somebody else may have been quicker.
    if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true) throw error
  }
}

import { mkdirSync } from 'node:fs'

/** Makes the directory, and those above it that are not there, for their owner alone; one that is there stays as it is. */
export function makePrivateDirectory(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
}

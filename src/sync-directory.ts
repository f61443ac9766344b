import { closeSync, fsyncSync, openSync } from 'node:fs'

/** What was made or renamed in it is there after a power cut, too. */
export function syncDirectory(dir: string): void {
  if (process.platform === 'win32') return
  const fd = openSync(dir, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

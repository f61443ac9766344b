import { closeSync, readdirSync, readlinkSync } from 'node:fs'
import { sep } from 'node:path'

/**
 * LevelDB's files are inherited by every process that the node starts; a stray write there would ruin the store. `lastOwn`: no
 * descriptor up to this one is looked at.
 */
export function closeInherited(dataDir: string, lastOwn: number): void {
  if (process.platform !== 'linux' || dataDir === '') return
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name)
    if (fd <= lastOwn) continue
    let target = ''
    try {
      target = readlinkSync(`/proc/self/fd/${name}`)
    } catch {
      // The one that read the directory is closed by now.
      continue
    }
    if (target.startsWith(dataDir + sep)) closeSync(fd)
  }
}

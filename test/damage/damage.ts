import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** One thing that is done to one file. */
export interface Damage {
  readonly file: string
  readonly what: string
  readonly apply: (dir: string) => void
}

/** Files of a folder that hold something, below it too. */
export function filesIn(dir: string, root = dir): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) return filesIn(path, root)
    return readFileSync(path).length > 0 ? [relative(root, path)] : []
  })
}

/** Of each file so many bits flipped, so many ends cut off, and the file removed. */
export function damagesOf(dir: string, flips: number, cuts: number, random: () => number): Damage[] {
  return filesIn(dir).flatMap((file) => {
    const bytes = readFileSync(join(dir, file))
    const place = () => Math.floor(random() * endOf(bytes))
    const flipped = Array.from({ length: flips }, () => {
      const [at, bit] = [place(), 1 << Math.floor(random() * 8)]
      return {
        file,
        what: `bit ${bit} of byte ${at} flipped`,
        apply: (copy: string) => flip(join(copy, file), at, bit),
      }
    })
    const cut = Array.from({ length: cuts }, () => {
      const at = place()
      return { file, what: `cut at byte ${at}`, apply: (copy: string) => truncateSync(join(copy, file), at) }
    })
    const removed = { file, what: 'removed', apply: (copy: string) => rmSync(join(copy, file)) }
    return [...flipped, ...cut, removed]
  })
}

function flip(file: string, at: number, bit: number): void {
  const bytes = readFileSync(file)
  bytes[at] = (bytes[at] ?? 0) ^ bit
  writeFileSync(file, bytes)
}

/** Files are made longer than what is in them: what is behind says nothing. */
export function endOf(bytes: Buffer): number {
  let end = bytes.length
  while (end > 1 && bytes[end - 1] === 0) end--
  return end
}

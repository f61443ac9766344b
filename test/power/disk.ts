import {
  closeSync,
  cpSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { type PoweredFolder, readUndoLog, type Undo } from './undo-log.js'

/**
 * What is left of what was not synced: nothing; all up to some moment; or of each block and of each length what it was
 * at some moment of its own.
 */
export const LOSSES = ['all', 'since', 'torn'] as const
export type Loss = (typeof LOSSES)[number]

/** Is written as a whole, or not at all. */
const BLOCK = 4096

/**
 * Makes `into` what the disk may have after the power was lost: the folder without some of what was not synced. The writer
 * has been killed. The model is that of ext4 and xfs. A sync of a file has its bytes, its length, and that it was
 * made, on the disk. What is done to names goes through a journal: it is there up to some entry, and not after it; a
 * sync of a folder, or of a file that is new, forces the journal that far. Bytes and lengths are not ordered by it.
 */
export function diskAfterLoss(from: PoweredFolder, into: string, loss: Loss, random: () => number): void {
  const undos = readUndoLog(from)
  const end = undos.length
  const { files, names } = syncedTo(undos)
  const moment = (first: number) => first + Math.floor(random() * (end + 1 - first))
  const since = moment(0)
  const cut = (first: number) => {
    if (loss === 'all') return first
    if (loss === 'since') return Math.max(first, since)
    const which = random()
    return which < 0.3 ? first : which < 0.6 ? end : moment(first)
  }
  const named = namesOf(from)
  copy(from, into)
  const paths = new Map([...named].map(([ino, list]) => [ino, list.map((name) => join(into, name))]))
  loseBytes(undos, paths, (ino) => cut(files.get(ino) ?? 0))
  loseNames(undos, from, into, cut(names))
  rmSync(join(into, KEPT), { recursive: true })
}

const KEPT = '.kept'

function copy({ dir, kept }: PoweredFolder, into: string): void {
  rmSync(into, { recursive: true, force: true })
  // A lock is a socket: nobody listens to it any more.
  const filter = (path: string) => !lstatSync(path).isSocket()
  cpSync(dir, into, { recursive: true, filter })
  cpSync(kept, join(into, KEPT), { recursive: true, filter })
}

/** Up to which entry the bytes of each file are on the disk, and names are. */
function syncedTo(undos: readonly Undo[]): { files: Map<number, number>; names: number } {
  const files = new Map<number, number>()
  const made = new Map<number, number>()
  let names = 0
  for (const [i, { kind, ino, at }] of undos.entries()) {
    if (kind === 'C') made.set(ino, i + 1)
    else if (kind === 'T') names = Math.max(names, at)
    else if (kind === 'S') {
      files.set(ino, Math.max(files.get(ino) ?? 0, at))
      names = Math.max(names, made.get(ino) ?? 0)
    }
  }
  return { files, names }
}

/** By inode, for a file keeps it through all that is done to its names: where it is in the copy. */
function namesOf({ dir, kept }: PoweredFolder): Map<number, string[]> {
  const names = new Map<number, string[]>()
  const walk = (folder: string, name: (path: string) => string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) walk(path, name)
      else {
        const { ino } = lstatSync(path)
        names.set(ino, [...(names.get(ino) ?? []), name(path)])
      }
    }
  }
  walk(dir, (path) => relative(dir, path))
  walk(kept, (path) => join(KEPT, relative(kept, path)))
  return names
}

/** `cutOf` draws, for a length or a block of a file, from which entry on it is lost. */
function loseBytes(
  undos: readonly Undo[],
  paths: ReadonlyMap<number, readonly string[]>,
  cutOf: (ino: number) => number,
): void {
  const writes = new Map<number, [number, Undo][]>()
  for (const [i, undo] of undos.entries()) {
    if (undo.kind === 'W') writes.set(undo.ino, [...(writes.get(undo.ino) ?? []), [i, undo]])
  }
  for (const [ino, list] of writes) {
    const found = paths.get(ino) ?? []
    const lengthCut = cutOf(ino)
    const blocks = new Map<number, number>()
    for (const path of found) {
      const length = list.find(([i]) => i >= lengthCut)?.[1].oldSize ?? statSync(path).size
      const fd = openSync(path, 'r+')
      for (const [i, undo] of list.toReversed()) {
        for (let block = Math.floor(undo.at / BLOCK); block * BLOCK < undo.at + undo.length; block++) {
          const cut = blocks.get(block) ?? cutOf(ino)
          blocks.set(block, cut)
          if (i >= cut) restore(fd, undo, block)
        }
      }
      ftruncateSync(fd, length)
      closeSync(fd)
    }
  }
}

/** What the block had before the write; zeros, where the file was shorter. */
function restore(fd: number, { at, length, old }: Undo, block: number): void {
  const from = Math.max(at, block * BLOCK)
  const bytes = Buffer.alloc(Math.min(at + length, (block + 1) * BLOCK) - from)
  old.subarray(from - at).copy(bytes)
  writeSync(fd, bytes, 0, bytes.length, from)
}

function loseNames(undos: readonly Undo[], { dir }: PoweredFolder, into: string, cut: number): void {
  for (let i = undos.length - 1; i >= cut; i--) {
    const { kind, paths } = undos[i] as Undo
    const [path, to] = paths.map((each) => join(into, relative(dir, each)))
    if (path === undefined) continue
    const kept = join(into, KEPT, String(i))
    if (kind === 'C' || kind === 'D') rmSync(path, { recursive: true, force: true })
    else if (kind === 'X') mkdirSync(path, { recursive: true })
    // What the entry says may not have been done.
    else if (kind === 'R' && to !== undefined && !exists(path)) {
      renameSync(to, path)
      if (exists(kept)) linkSync(kept, to)
    } else if (kind === 'U' && !exists(path) && exists(kept)) linkSync(kept, path)
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

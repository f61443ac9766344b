import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../src/clock.js'
import { withoutPassword } from '../../src/options/secret.js'
import type { Store } from '../../src/store/contract.js'
import { messageOf } from '../../src/thrown.js'
import type { StatusOfNode } from '../../src/verbs/status.js'
import type { NodeConfig } from '../settings.js'

/** A store that takes longer to say how many jobs it has is not fine. */
const ANSWERS_MS = 1000
/** Files whose size is asked for at once. */
const FILES_AT_ONCE = 64

export type StoreConfig = Pick<NodeConfig, 'store' | 'dir' | 'redis' | 'ownStore'>

/** How large a store is, and how much room its disk has; null where it is no folder, or can't be read. */
export type FolderFacts = Pick<StatusOfNode['store'], 'bytes' | 'freeBytes'>

/** Looks at each file of the folder: it may have very many. */
export async function folderFacts({ store, dir, ownStore }: StoreConfig): Promise<FolderFacts> {
  if (store !== 'level' || ownStore) return { bytes: null, freeBytes: null }
  const [bytes, freeBytes] = await Promise.all([sizeOf(dir), freeAt(dir)])
  return { bytes, freeBytes }
}

/** How a store is, for people: where it is, how large, and whether it answers. */
export async function storeFacts(
  store: Pick<Store, 'kind' | 'counts'>,
  config: StoreConfig,
  clock: Clock,
  folder: Promise<FolderFacts> = folderFacts(config),
): Promise<StatusOfNode['store']> {
  const [{ bytes, freeBytes }, error] = await Promise.all([folder, whyNot(store, clock)])
  return { kind: store.kind, where: whereOf(config), bytes, freeBytes, fine: error === null, error }
}

function whereOf({ store, dir, redis, ownStore }: StoreConfig): string {
  if (ownStore) return 'a store of your own'
  switch (store) {
    case 'level':
      return dir
    case 'redis':
      return `${withoutPassword(redis.url)}, prefix ${redis.prefix}`
    case 'memory':
      return 'memory of the node'
  }
}

/** Null: it answers. */
function whyNot(store: Pick<Store, 'counts'>, clock: Clock): Promise<string | null> {
  return new Promise((resolve) => {
    const late = clock.setTimer(ANSWERS_MS, () =>
      resolve(`the store has not answered within ${ANSWERS_MS} ms`),
    )
    store
      .counts()
      .then(() => null, messageOf)
      .then((answer) => {
        late.cancel()
        resolve(answer)
      })
  })
}

/** Bytes of all files in a folder; null: that can't be read. */
async function sizeOf(dir: string): Promise<number | null> {
  try {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile())
    let bytes = 0
    for (let at = 0; at < files.length; at += FILES_AT_ONCE) {
      const some = files.slice(at, at + FILES_AT_ONCE)
      const sizes = await Promise.all(some.map(({ parentPath, name }) => fileSize(join(parentPath, name))))
      for (const size of sizes) bytes += size
    }
    return bytes
  } catch {
    return null
  }
}

/** One that has gone meanwhile has none. */
function fileSize(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

/** Bytes that are free on the disk of a folder; null: that can't be read. */
async function freeAt(dir: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(dir)
    return bavail * bsize
  } catch {
    return null
  }
}

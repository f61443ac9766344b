import { createHash } from 'node:crypto'
import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export interface FoundFile {
  /** Relative to the folder, with `/`. */
  readonly file: string
  readonly bytes: number
}

/** Every regular file below a folder, in the order of the bytes of its path. Links are not followed. */
export function findFiles(root: string): FoundFile[] {
  const found: FoundFile[] = []
  const walk = (below: string) => {
    for (const entry of readdirSync(join(root, below), { withFileTypes: true })) {
      const file = below === '' ? entry.name : `${below}/${entry.name}`
      if (entry.isDirectory()) walk(file)
      else if (entry.isFile()) found.push({ file, bytes: lstatSync(join(root, file)).size })
    }
  }
  walk('')
  return found.sort((a, b) => Buffer.compare(Buffer.from(a.file), Buffer.from(b.file)))
}

/** One digest for many files: of the lines that sha256sum prints for them, in order. */
export function combinedDigest(files: readonly { readonly file: string; readonly sha256: string }[]): string {
  const all = createHash('sha256')
  for (const { file, sha256 } of files) all.update(`${sha256}  ./${file}\n`)
  return all.digest('hex')
}

/** The same figures with the tools of every Unix, for a reader who wants to see for himself. */
export function shellCommands(root: string, first: number, all: boolean): { count: string; digest: string } {
  const take = all ? '' : `head -z -n ${first} | `
  const list = `cd ${quoted(root)} && find . -type f -print0 | LC_ALL=C sort -z | ${take}`
  return {
    count: `${list}xargs -0 stat -c %s | awk '{ n++; b += $1 } END { print n, b }'`,
    digest: `${list}xargs -0 sha256sum | sha256sum`,
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

import { createHash } from 'node:crypto'

/** One digest for many files: of the lines that sha256sum prints for them, in order. */
export class CombinedDigest {
  readonly #all = createHash('sha256')

  /** A file by its path below the folder, in bytes. */
  add(below: Buffer, sha256: string): void {
    const name = below.toString('latin1')
    const escaped = name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
    // GNU sha256sum marks a line in which it has escaped something.
    this.#all.update(`${escaped === name ? '' : '\\'}${sha256}  ./${escaped}\n`, 'latin1')
  }

  hex(): string {
    return this.#all.digest('hex')
  }
}

/** Which files the figures are about. */
export interface Listed {
  readonly root: string
  /** How many, from the first on; null: all. */
  readonly first: number | null
  /** Only those that may be read. */
  readonly readable: boolean
}

/** The same figures with the tools of every GNU system, for a reader who wants to see for himself. */
export function shellCommands({ root, first, readable }: Listed): { count: string; digest: string } {
  const find = `find . -type f${readable ? ' -readable' : ''} -print0 | LC_ALL=C sort -z`
  const list = `cd ${quoted(root)} && ${find} | ${first === null ? '' : `head -z -n ${first} | `}`
  return {
    count: `${list}xargs -0r stat -c %s | awk '{ n++; b += $1 } END { printf "%d %.0f\\n", n, b }'`,
    digest: `${list}xargs -0r sha256sum | sha256sum`,
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

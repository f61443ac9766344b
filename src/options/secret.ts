import { scryptSync } from 'node:crypto'
import { readFileSync, type Stats, statSync } from 'node:fs'
import { JrError } from '../errors.js'
import { messageOf } from '../thrown.js'

const SHORTEST = 32
/** PROTOCOL.md, "Handshake": some 100 ms and 32 MiB, once. Each guess at a secret on a proof costs as much. */
const STRETCH = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 }
const SALT = 'job-reactor 2 secret'

/** Keys made of the secrets that a side knows: who dials proves the first, and any of them is accepted. */
export type Secret = readonly [Buffer, ...Buffer[]]

/**
 * The secret in a file, or two, one a line, while it is changed. White space around a line does not count. Throws
 * JR_BAD_CONFIG; the secret is in no message.
 */
export function readSecret(file: string | undefined): Secret | null {
  if (file === undefined) return null
  const [first, second] = secretLines(file, 'secretFile')
  return second === undefined ? [keyOf(first, file)] : [keyOf(first, file), keyOf(second, file)]
}

/** The one or two lines of a file that nobody else can read. `option`: by which it was given, for people. */
export function secretLines(file: string, option: string): readonly [string, string?] {
  let text: string
  let stat: Stats
  try {
    stat = statSync(file)
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const why = messageOf(cause)
    throw new JrError('JR_BAD_CONFIG', `the secret cannot be read: ${why} (option ${option})`, { cause })
  }
  const us = {
    uid: process.geteuid?.() ?? stat.uid,
    groups: [process.getegid?.(), ...(process.getgroups?.() ?? [])],
  }
  if (process.platform !== 'win32' && isOpen(stat, us)) {
    const what =
      stat.uid === us.uid
        ? `run chmod 600 '${file}'`
        : `it belongs to user ${stat.uid}: nobody but that user, and a group of this process, may read it (chmod 440)`
    throw new JrError('JR_BAD_CONFIG', `others can read the secret in ${file}: ${what} (option ${option})`)
  }
  const [first = '', second, ...more] = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (more.length > 0) {
    const lines = `${more.length + 2} lines`
    throw new JrError('JR_BAD_CONFIG', `${file} has ${lines}: expected one secret, or two, one a line`)
  }
  return second === undefined ? [first] : [first, second]
}

/**
 * Whether others than `us` and the owner can read a file, or change it. Who runs containers hands a file of root to a group of
 * theirs (Kubernetes with fsGroup); a file of our own has no need for that.
 */
export function isOpen(
  { mode, uid, gid }: Pick<Stats, 'mode' | 'uid' | 'gid'>,
  us: { readonly uid: number; readonly groups: readonly (number | undefined)[] },
): boolean {
  const handedOver = uid !== us.uid && us.groups.includes(gid)
  return (mode & (handedOver ? 0o037 : 0o077)) !== 0
}

function keyOf(secret: string, file: string): Buffer {
  if (secret.length < SHORTEST) {
    throw new JrError(
      'JR_BAD_CONFIG',
      `the secret in ${file} has ${secret.length} characters; it needs ${SHORTEST} at least (option secretFile)`,
    )
  }
  return scryptSync(secret, SALT, 32, STRETCH)
}

/** A URL, or the path of a socket, as it may be shown: all that may be a password is hidden. */
export function withoutPassword(url: string): string {
  if (url.startsWith('/')) return url.replace(/\?.*$/s, '?***')
  let parts: URL
  try {
    parts = new URL(url)
  } catch {
    return '***'
  }
  const { protocol, username, password, host, pathname, search, hash } = parts
  // A password that was not escaped: it ends where nobody would look for it.
  if (`${pathname}${search}${hash}`.includes('@')) return `${protocol}//***`
  const user = username === '' && password === '' ? '' : `${username}${password === '' ? '' : ':***'}@`
  return `${protocol}//${user}${host}${pathname}${search === '' ? '' : '?***'}`
}

import { readFileSync, statSync } from 'node:fs'
import { JrError } from './errors.js'

const SHORTEST = 32

/** The secret in a file, without white space around it. Throws JR_BAD_CONFIG; the secret is in no message. */
export function readSecret(file: string | undefined): Buffer | null {
  if (file === undefined) return null
  let text: string
  let mode: number
  try {
    mode = statSync(file).mode
    text = readFileSync(file, 'utf8').trim()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new JrError('JR_BAD_CONFIG', `the secret cannot be read: ${why} (option secretFile)`, { cause })
  }
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new JrError(
      'JR_BAD_CONFIG',
      `others can read the secret in ${file}: run chmod 600 '${file}' (option secretFile)`,
    )
  }
  if (text.length < SHORTEST) {
    throw new JrError(
      'JR_BAD_CONFIG',
      `the secret in ${file} has ${text.length} characters; it needs ${SHORTEST} at least`,
    )
  }
  return Buffer.from(text)
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

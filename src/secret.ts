import { readFileSync } from 'node:fs'
import { JrError } from './errors.js'

const SHORTEST = 32

/** The secret in a file, without white space around it. Throws JR_BAD_CONFIG; the secret is in no message. */
export function readSecret(file: string | undefined): Buffer | null {
  if (file === undefined) return null
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new JrError('JR_BAD_CONFIG', `the secret cannot be read: ${why} (option secretFile)`, { cause })
  }
  if (text.length < SHORTEST) {
    throw new JrError(
      'JR_BAD_CONFIG',
      `the secret in ${file} has ${text.length} characters; it needs ${SHORTEST} at least`,
    )
  }
  return Buffer.from(text)
}

/** A URL as it may be shown: what it holds as a password is hidden. */
export function withoutPassword(url: string): string {
  return url.replace(/^([a-z]+:\/\/[^/?#]*?):[^/?#]*@/i, '$1:***@')
}

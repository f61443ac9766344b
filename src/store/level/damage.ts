import { JrError } from '../../errors.js'
import { noteDamage, UnknownFormat } from './marker.js'

/** What is said of a store that is damaged, and what to do. Other errors are passed on. */
export function inWords(dir: string, error: unknown): unknown {
  if (!isDamage(error)) return error
  const help = `Restore a backup of the whole directory; or run: npx job-reactor repair ${dir} --to COPY, which makes a copy of what is whole, and says what is gone`
  return new JrError('JR_STORE_CORRUPT', `the store in ${dir} is damaged: ${error.message}. ${help}`, {
    cause: error,
  })
}

/** The same of what is found while the store is open: it is written down, so that the node does not start again. */
export function found(dir: string, error: unknown, now: number): unknown {
  if (isDamage(error)) noteDamage(dir, error.message, now)
  return inWords(dir, error)
}

function isDamage(error: unknown): error is JrError {
  return error instanceof JrError && error.code === 'JR_STORE_CORRUPT' && !(error instanceof UnknownFormat)
}

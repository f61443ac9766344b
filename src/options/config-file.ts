import { existsSync, readFileSync } from 'node:fs'
import { JrError } from '../errors.js'
import { messageOf } from '../thrown.js'
import type { Source } from './resolve.js'

const CONFIG_FILE = 'jr.config.json'

/** The options in the config file that is named, or in the usual one of the working directory; null: there is none. */
export function readConfig(named: string | undefined): Source | null {
  const path = named ?? CONFIG_FILE
  if (named === undefined && !existsSync(path)) return null
  let values: unknown
  try {
    values = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    const why = messageOf(cause)
    throw new JrError('JR_BAD_CONFIG', `config file ${path}: ${why}`, { cause })
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new JrError('JR_BAD_CONFIG', `config file ${path}: expected an object of options`)
  }
  return { name: `config file ${path}:`, values: { ...values }, written: (key) => key }
}

import type { JobArgs } from '../src/job/types.js'
import { messageOf } from '../src/thrown.js'
import { type JobUpdate, parseUpdate } from '../src/verbs/update.js'
import type { CommandLine } from './options.js'

/** What `jr jobs update` gives jobs: args and options, each as JSON. Throws a TypeError that says what is wrong. */
export function updateOf({ args, opts }: CommandLine['flags']): JobUpdate {
  const update: JobUpdate = {
    ...(args === undefined ? {} : { args: json('args', args) as JobArgs }),
    ...(opts === undefined ? {} : { opts: json('opts', opts) as NonNullable<JobUpdate['opts']> }),
  }
  parseUpdate(update)
  return update
}

function json(flag: string, text: string | boolean): unknown {
  try {
    return JSON.parse(String(text))
  } catch (cause) {
    throw new TypeError(`flag --${flag}: expected JSON, got '${text}': ${messageOf(cause)}`)
  }
}

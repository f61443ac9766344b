import { JrError } from '../../src/errors.js'
import type { JobArgs } from '../../src/job/types.js'

/** How many of those that have not completed are named in the message. */
const NAMED = 5

/** With JR_FLOW_FAILED: all jobs of a flow have ended, and some have not completed. */
export class FlowError extends JrError {
  override readonly name = 'FlowError'
  /** The id of the flow. */
  readonly flow: string
  /** By key: why each of those has not completed. */
  readonly errors: Readonly<Record<string, Error>>
  /** By key: what the others have answered. */
  readonly results: Readonly<Record<string, JobArgs>>

  constructor(
    flow: string,
    errors: Readonly<Record<string, Error>>,
    results: Readonly<Record<string, JobArgs>>,
  ) {
    const failed = Object.entries(errors)
    const some = failed.slice(0, NAMED).map(([key, { message }]) => `'${key}' (${message})`)
    const rest = failed.length > NAMED ? `, and ${failed.length - NAMED} more` : ''
    const all = failed.length + Object.keys(results).length
    super(
      'JR_FLOW_FAILED',
      `of ${all} jobs of flow ${flow} ${failed.length} have not completed: ${some.join(', ')}${rest}`,
    )
    this.flow = flow
    this.errors = errors
    this.results = results
  }
}

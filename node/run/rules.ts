import type { JobDefinition } from '../../src/job/definition.js'
import type { JobRecord } from '../../src/job/record.js'
import type { Backoff } from '../../src/job/retry-policy.js'
import type { NodeSettings } from '../settings.js'

export interface RetryRules {
  readonly maxAttempts: number
  readonly backoff: Backoff
  /** How many children a job may take with it. */
  readonly poisonLimit: number
}

/** What holds for a job: what it was enqueued with, else what its definition says, if a child knows it, else the node. */
export function rulesFor(
  { agreed: { terms } }: JobRecord,
  loaded: JobDefinition | undefined,
  settings: Pick<NodeSettings, keyof RetryRules>,
): RetryRules {
  return {
    maxAttempts: terms.maxAttempts ?? loaded?.maxAttempts ?? settings.maxAttempts,
    backoff: terms.backoff ?? loaded?.backoff ?? settings.backoff,
    poisonLimit: settings.poisonLimit,
  }
}

/**
 * Every error that a caller can catch has a stable code from this table; messages may change, codes do not.
 * A programmer's mistake (a bad argument) is a TypeError, or a JrError with a code that says which.
 */
export const ERROR_CODES = {
  JR_BAD_CONFIG: 'the configuration cannot be used',
  JR_NOT_STARTED: 'the distributor or node has not been started',
  JR_STOPPED: 'the distributor or node has been stopped',
  JR_BACKLOG_FULL: 'too many jobs, or too many bytes of args, wait to be sent',
  JR_NO_SUCH_JOB: 'no node knows a job of this name',
  JR_NO_NODE:
    'no connected node can run the job: it has no children of its kind, takes other priorities, or is ruled out',
  JR_UNKNOWN_TERM: 'the job has a term of a later version, which no node knows',
  JR_DUPLICATE: 'another job has what this one was to be the only one by',
  JR_BAD_FLOW: 'jobs of a flow need each other in a circle, or one that is not there, or they are too many',
  JR_REPLACED: 'the job that had its key has its args and options now',
  JR_CANCELLED: 'the job was cancelled',
  JR_DEPENDENCY_FAILED: 'a job that this one needs has not completed',
  JR_FLOW_FAILED: 'all jobs of a flow have ended, and some have not completed',
  JR_NEEDS_TOO_LARGE: 'the results of jobs that this one waited for are too large to be sent along',
  JR_JOB_FAILED: 'the job threw on its last attempt',
  JR_TIMEOUT: 'an attempt, or a wait, took longer than allowed',
  JR_CHILD_LOST: 'the child process ended while the job ran on it',
  JR_CHILD_START: 'a child process could not be started',
  JR_NODE_LOST: 'the node stopped while the job ran',
  JR_RESULT_NOT_SERIALIZABLE: 'the result holds a value that cannot be sent',
  JR_RESULT_TOO_LARGE: 'the result is larger than allowed',
  JR_VALUE_NOT_SERIALIZABLE: 'what a job saves or tells holds a value that cannot be sent',
  JR_VALUE_TOO_LARGE: 'what a job saves or tells is larger than allowed',
  JR_ARGS_TOO_LARGE: 'the arguments are larger than allowed',
  JR_WRONG_STATE: 'this cannot be done to a job in its state',
  JR_SCHEDULE_TAKEN: 'another app has a schedule of this id',
  JR_OUTCOME_UNKNOWN: 'the job has ended and its outcome was not kept',
  JR_STORE_LOST: 'the node came back with a store that does not have the job any more',
  JR_PROTOCOL: 'the peer broke the protocol',
  JR_VERSION: 'the peer speaks no version of the protocol that we speak',
  JR_AUTH: 'the peer could not prove that it knows the secret',
  JR_CONNECTION: 'the connection was lost or could not be made',
  JR_ADDRESS: 'the address cannot be listened on or dialled',
  JR_DUPLICATE_NODE: 'another node of this name is already connected',
  JR_STORE: 'the store failed',
  JR_STORE_LOCKED: 'another process uses this data directory',
  JR_STORE_CORRUPT: 'the data on disk is damaged or of an unknown version',
  JR_STORE_CLOSED: 'the store is not open',
  JR_LEASE_LOST: 'the node was away for longer than its lease, and other nodes have its jobs',
} as const

export type ErrorCode = keyof typeof ERROR_CODES

export class JrError extends Error {
  override readonly name: string = 'JrError'
  readonly code: ErrorCode
  /** With JR_DUPLICATE and JR_REPLACED: the id of the job that is there. */
  declare readonly job?: string

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; job?: string }) {
    super(message, options)
    this.code = code
    if (options?.job !== undefined) this.job = options.job
  }
}

/** `job`: the id of the one that is there. */
export function duplicateOf(name: string, job: string): JrError {
  const text = `job ${job} is there, and is to be the only '${name}' of its key (option unique)`
  return new JrError('JR_DUPLICATE', text, { job })
}

/** Of a job that has given what it has to the one that had its key. */
export function replaced(name: string, job: string): JrError {
  const text = `job ${job}, which is to be the only '${name}' of its key, has the args and options of this one now (option unique)`
  return new JrError('JR_REPLACED', text, { job })
}

/** Of one that was to be taken together with others. */
export function idTaken({ id, name }: { readonly id: string; readonly name: string }): JrError {
  const text = `a job of the id '${id}' waits or runs, so '${name}' is no new one (option id)`
  return new JrError('JR_DUPLICATE', text, { job: id })
}

/** Of a job of a flow whose key, as notes have it, is there. */
export function flowTaken(id: string): JrError {
  return new JrError('JR_DUPLICATE', `a flow '${id}' that has not ended is there (option id)`)
}

/** `need`: the job that has not completed. */
export function dependencyFailed(
  name: string,
  need: { readonly key: string; readonly id: string; readonly name: string; readonly state: string },
  cause: Error | null,
): JrError {
  const why = cause === null ? '' : `: ${cause.message}`
  const text = `'${name}' needs '${need.key}' of its flow (job ${need.id}, '${need.name}'), which is ${need.state}${why}`
  return new JrError('JR_DEPENDENCY_FAILED', text, cause === null ? {} : { cause })
}

/** The same words wherever it is found out. `who` takes no more than `most` bytes. */
export function argsTooLarge(name: string, bytes: number, who: string, most: number): JrError {
  return new JrError(
    'JR_ARGS_TOO_LARGE',
    `args of '${name}' take ${bytes} bytes; node ${who} takes ${most} (option maxArgs)`,
  )
}

/** Thrown inside a job, callback or errback: ends the job (and its schedule) as cancelled, without retry. */
export class CancelJob extends Error {
  override readonly name = 'CancelJob'
  constructor(message = 'the job cancelled itself') {
    super(message)
  }
}

/**
 * Thrown inside a job, callback or errback: the job has failed for good, whatever attempts are left. Its errbacks run, and its error
 * feedback is called with this error. A schedule goes on with its next run.
 */
export class FailJob extends Error {
  override readonly name = 'FailJob'
}

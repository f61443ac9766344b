import { JrError } from '../../errors.js'
import { messageOf } from '../../thrown.js'

/** What to make of an error of Redis or of the connection to it. */
export type Failure =
  /** Redis may do it in a moment, or has done it and its answer was lost: ask again. */
  | { readonly kind: 'passing'; readonly reason: string; readonly reconnect: boolean }
  | { readonly kind: 'final'; readonly error: JrError }

/** Answers that pass: out of memory, loading, busy, a replica or cluster that has not settled, a disk that is full. */
const PASSING = [
  'OOM',
  'LOADING',
  'BUSY',
  'READONLY',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'MOVED',
  'ASK',
  'MISCONF',
  'NOREPLICAS',
  'UNBLOCKED',
]

/** The client is not where it should be: a new connection looks again for who the master is. */
const ELSEWHERE = ['READONLY', 'MASTERDOWN', 'MOVED']

export function judge(error: unknown): Failure {
  const reason = messageOf(error)
  const word = /^-?([A-Z]+)\b/.exec(reason)?.[1] ?? ''
  if (word === 'FENCED') {
    const text = `this node's lease has ended and another has taken over its jobs, or opened under its name; or Redis has lost its opening, by a restart or a failover (${reason})`
    return final('JR_LEASE_LOST', text)
  }
  if (word === 'EMPTIED') {
    const text =
      'Redis has forgotten this node: it was emptied, or restarted without what it had stored. Nothing is known of the jobs that it had accepted'
    return final('JR_STORE_CORRUPT', text)
  }
  if (word === 'BEHIND') {
    const text = `Redis has lost the last changes of this node, by a restart or a failover before they were on disk or replica (${reason})`
    return final('JR_STORE', text)
  }
  if (word === 'NOPERM' && reason.includes('channel')) {
    const advice = "the user of redisUrl needs the channels of the prefix: ACL SETUSER … '&{PREFIX}:*'"
    return final('JR_STORE', `Redis refused: ${reason} (${advice})`)
  }
  // The command was refused for good: bad credentials, a command that is forbidden, keys of the wrong type.
  if (isReply(error) && !PASSING.includes(word)) return final('JR_STORE', `Redis refused: ${reason}`)
  return { kind: 'passing', reason, reconnect: ELSEWHERE.includes(word) || /timed out/.test(reason) }
}

/** Each change of the group has to be sent by itself; nothing of it has been done. */
export function isRefusedAsMany(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('SINGLY')
}

function final(code: JrError['code'], message: string): Failure {
  // Without the cause: an error of the client quotes the command, and the command may be the password.
  return { kind: 'final', error: new JrError(code, message) }
}

function isReply(error: unknown): boolean {
  return error instanceof Error && (error.name === 'ReplyError' || /^[A-Z]{3,} /.test(error.message))
}

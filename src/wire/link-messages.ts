import type { TerminalState } from '../job/states.js'
import { flag, label, list, MAX_TEXT, oneOf, refuse, text, whole } from './fields.js'
import type { MessageSet, PayloadCursor } from './frame.js'
import { decodeJob, encodeJob, JOB_FIELD_COUNT } from './job-fields.js'
import type { Enqueue, KnownJob, LinkMessage, OutcomeMessage, Welcome } from './messages.js'

/** PROTOCOL.md, "Messages": the code of each, and the number of its fields, the code included. */
const PING = 1
const PONG = 2
const BYE = 3
const ENQUEUE = 10
const FORGET = 11
const CANCEL = 12
const WATCH = 13
const OUTCOMES_TAKEN = 14
const REQUEST = 15
const WELCOME = 20
const ACCEPTED = 21
const REFUSED = 22
const OUTCOME = 23
const REPLY = 24
const NODE_STATE = 25

const STATES: readonly TerminalState[] = ['completed', 'failed', 'cancelled']
const STATUSES = ['running', 'paused', 'stopping'] as const
const UNKNOWN_JOB = ['fail', 'wait'] as const
const MAX_JOBS = 100_000
const MAX_FORGET = 100_000

export const linkMessages: MessageSet<LinkMessage> = { encode, decode }

function encode(message: LinkMessage, payloads: Buffer[]): unknown[] {
  switch (message.type) {
    case 'enqueue':
      return encodeJob(message, [ENQUEUE, message.number], payloads)
    case 'outcome':
      return encodeOutcome(message, payloads)
    case 'accepted':
      return [ACCEPTED, message.number]
    case 'outcomes-taken':
      return [OUTCOMES_TAKEN, message.count]
    case 'ping':
      return [PING]
    case 'pong':
      return [PONG]
    case 'bye':
      return [BYE, message.reason]
    case 'forget':
      return [FORGET, message.ids]
    case 'cancel':
      return [CANCEL, message.request, message.id]
    case 'watch':
      return [WATCH, message.request, message.id]
    case 'request':
      payloads.push(message.body)
      return [REQUEST, message.request, message.verb, message.body.length]
    case 'reply':
      payloads.push(message.body)
      return [REPLY, message.request, message.ok, message.body.length]
    case 'refused':
      return [REFUSED, message.number, message.code, message.message.slice(0, MAX_TEXT)]
    case 'welcome':
      return encodeWelcome(message)
    case 'node-state':
      return [NODE_STATE, message.status, encodeJobs(message.jobs), message.slots, message.busy]
  }
}

function decode(f: readonly unknown[], payloads: PayloadCursor): LinkMessage | null {
  switch (f[0]) {
    case ENQUEUE:
      return decodeEnqueue(f, payloads)
    case OUTCOME:
      return decodeOutcome(f, payloads)
    case ACCEPTED:
      return { type: 'accepted', number: whole(f[1], 'number') }
    case OUTCOMES_TAKEN:
      return { type: 'outcomes-taken', count: whole(f[1], 'count') }
    case PING:
      return { type: 'ping' }
    case PONG:
      return { type: 'pong' }
    case BYE:
      return { type: 'bye', reason: text(f[1], 'reason', MAX_TEXT) }
    case FORGET:
      return { type: 'forget', ids: list(f[1], 'ids', MAX_FORGET, label) }
    case CANCEL:
      return { type: 'cancel', request: whole(f[1], 'request'), id: label(f[2], 'id') }
    case WATCH:
      return { type: 'watch', request: whole(f[1], 'request'), id: label(f[2], 'id') }
    case REQUEST:
      return {
        type: 'request',
        request: whole(f[1], 'request'),
        verb: label(f[2], 'verb'),
        body: payloads.take(f[3]),
      }
    case REPLY:
      return {
        type: 'reply',
        request: whole(f[1], 'request'),
        ok: flag(f[2], 'ok'),
        body: payloads.take(f[3]),
      }
    case REFUSED:
      return {
        type: 'refused',
        number: whole(f[1], 'number'),
        code: text(f[2], 'code'),
        message: text(f[3], 'message', MAX_TEXT),
      }
    case WELCOME:
      return decodeWelcome(f)
    case NODE_STATE:
      return {
        type: 'node-state',
        status: oneOf(f[1], STATUSES, 'status'),
        jobs: decodeJobs(f[2]),
        slots: whole(f[3], 'slots'),
        busy: whole(f[4], 'busy'),
      }
    default:
      whole(f[0], 'code')
      return null
  }
}

function decodeEnqueue(f: readonly unknown[], payloads: PayloadCursor): Enqueue {
  if (f.length !== 2 + JOB_FIELD_COUNT) refuse('enqueue', `${2 + JOB_FIELD_COUNT} fields`)
  const number = whole(f[1], 'number')
  return { type: 'enqueue', number, ...decodeJob(f, 2, (length) => payloads.take(length)) }
}

function encodeOutcome({ stored, outcome }: OutcomeMessage, payloads: Buffer[]): unknown[] {
  payloads.push(outcome.args, outcome.error)
  return [
    OUTCOME,
    stored,
    outcome.seq,
    outcome.distributor,
    outcome.instance,
    outcome.id,
    outcome.name,
    STATES.indexOf(outcome.state),
    outcome.slot,
    outcome.more,
    outcome.node,
    outcome.attempt,
    outcome.enqueuedAt,
    outcome.startedAt,
    outcome.finishedAt,
    outcome.child,
    outcome.args.length,
    outcome.error.length,
  ]
}

function decodeOutcome(f: readonly unknown[], payloads: PayloadCursor): OutcomeMessage {
  return {
    type: 'outcome',
    stored: flag(f[1], 'stored'),
    outcome: {
      seq: whole(f[2], 'seq'),
      distributor: text(f[3], 'distributor'),
      instance: text(f[4], 'instance'),
      id: label(f[5], 'id'),
      name: label(f[6], 'name'),
      state: STATES[whole(f[7], 'state', STATES.length - 1)] ?? 'failed',
      slot: whole(f[8], 'slot'),
      more: flag(f[9], 'more'),
      node: text(f[10], 'node'),
      attempt: whole(f[11], 'attempt'),
      enqueuedAt: whole(f[12], 'enqueuedAt'),
      startedAt: whole(f[13], 'startedAt'),
      finishedAt: whole(f[14], 'finishedAt'),
      child: whole(f[15], 'child'),
      args: payloads.take(f[16]),
      error: payloads.take(f[17]),
    },
  }
}

function encodeWelcome(message: Welcome): unknown[] {
  const { taken, creditJobs, creditBytes, maxArgs, unknownJob, slots } = message
  return [WELCOME, taken, creditJobs, creditBytes, maxArgs, encodeJobs(message.jobs), unknownJob, slots]
}

function decodeWelcome(f: readonly unknown[]): Welcome {
  return {
    type: 'welcome',
    taken: whole(f[1], 'taken'),
    creditJobs: whole(f[2], 'creditJobs'),
    creditBytes: whole(f[3], 'creditBytes'),
    maxArgs: whole(f[4], 'maxArgs'),
    jobs: decodeJobs(f[5]),
    unknownJob: oneOf(f[6], UNKNOWN_JOB, 'unknownJob'),
    slots: whole(f[7], 'slots'),
  }
}

function encodeJobs(jobs: readonly KnownJob[]): unknown[] {
  return jobs.map(({ name, defer }) => [name, defer])
}

function decodeJobs(value: unknown): KnownJob[] {
  return list(value, 'jobs', MAX_JOBS, (item) => {
    if (!Array.isArray(item)) return refuse('jobs', '[name, defer] pairs')
    return { name: label(item[0], 'jobs'), defer: flag(item[1], 'jobs') }
  })
}

/** A schema of JSON, as OpenAPI 3.1 has it. */
export interface Schema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly format?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly additionalProperties?: Schema | boolean
  readonly enum?: readonly string[]
  readonly $ref?: string
}

import { JOB_STATES } from '../src/job/states.js'

const text: Schema = { type: 'string' }
const textOrNull: Schema = { type: ['string', 'null'] }
const number: Schema = { type: 'integer' }
const real: Schema = { type: 'number' }
const yes: Schema = { type: 'boolean' }
const time: Schema = { type: 'string', format: 'date-time' }
const timeOrNull: Schema = { type: ['string', 'null'], format: 'date-time' }
const any: Schema = {}
const map: Schema = { type: 'object', additionalProperties: true }
const mapOrNull: Schema = { type: ['object', 'null'], additionalProperties: true }

function list(items: Schema): Schema {
  return { type: 'array', items }
}

/** All of these fields, and perhaps more: a later version may have them. */
function object(properties: Readonly<Record<string, Schema>>, ...optional: readonly string[]): Schema {
  return {
    type: 'object',
    properties,
    required: Object.keys(properties).filter((key) => !optional.includes(key)),
  }
}

function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` }
}

const setBy: Schema = {
  type: ['object', 'null'],
  description: 'since when, and by whom',
  additionalProperties: true,
}
const rates = object({ minute: number, hour: number, day: number })
const times: Schema = {
  type: ['object', 'null'],
  properties: { p50: real, p95: real, p99: real },
  description: 'ms',
}
const counts = {
  waiting: number,
  running: number,
  completed: number,
  failed: number,
  cancelled: number,
  completedIn: rates,
  failedIn: rates,
  wait: times,
  run: times,
}
const stored = object({
  waiting: number,
  running: number,
  completed: number,
  failed: number,
  cancelled: number,
  outcomes: number,
})
const job = {
  id: text,
  name: text,
  state: { type: 'string', enum: JOB_STATES } as Schema,
  attempt: number,
  due: time,
  enqueuedAt: time,
  startedAt: timeOrNull,
  finishedAt: timeOrNull,
  lastCode: text,
  lastError: { ...textOrNull, description: 'for those who may see args' },
  lastStack: text,
  terms: map,
  run: number,
  waits: mapOrNull,
  distributor: text,
  defer: yes,
  node: text,
  redacted: { ...yes, description: 'true: what is for others was left out' },
}
const HIDDEN = ['lastError', 'lastStack', 'redacted']
const series = object({ stepMs: number, completed: list(number), failed: list(number) })
const failed = object({ node: text, id: text, code: text, message: text }, 'node', 'id')
const flowCounts = map

/** What is answered, by name. */
export const SCHEMAS = {
  Service: object({
    name: text,
    version: text,
    at: time,
    user: textOrNull,
    rights: object({ read: yes, args: yes, write: yes }),
    readOnly: yes,
    nodes: list(text),
  }),
  Job: object(job, ...HIDDEN),
  JobPage: object({ jobs: list(ref('Job')), next: textOrNull }),
  LoadedJob: object(
    { ...job, attempts: list(map), log: list(map), progress: any, args: map, result: mapOrNull },
    ...HIDDEN,
    'log',
    'progress',
    'args',
    'result',
  ),
  Done: object({ done: yes }),
  Acted: object({ act: text, dryRun: yes, count: number, failed: list(failed) }),
  Enqueued: object({ id: text, ids: list(text) }, 'id', 'ids'),
  EnqueuedFlow: object({ id: text, jobs: { type: 'object', additionalProperties: text } }),
  Counts: object({
    nodes: list(map),
    all: object(counts),
    names: list(object({ name: text, ...counts })),
    stored,
    oldest: timeOrNull,
  }),
  Overview: object({
    at: time,
    counts: mapOrNull,
    stored: mapOrNull,
    oldest: timeOrNull,
    series: mapOrNull,
    failing: list(map),
    nodes: list(map),
  }),
  Series: object({ at: time, minute: series, hour: series, day: series }),
  Failures: object({
    groups: list(
      object({
        name: text,
        code: text,
        message: text,
        count: number,
        first: time,
        last: time,
        example: text,
      }),
    ),
    looked: number,
    more: yes,
  }),
  Names: object({
    nodes: list(object({ node: text, paused: setBy })),
    names: list(
      object({
        name: text,
        paused: { type: 'string', enum: ['all', 'some', 'none'] },
        counts: mapOrNull,
        nodes: list(map),
      }),
    ),
  }),
  NodesAnswer: object({ changed: list(text), unchanged: list(text), failed: list(failed) }),
  Schedules: object({
    schedules: list(
      object({ id: text, name: text, when: map, state: text, next: list(time), node: text, app: text }),
    ),
  }),
  Ran: object({ job: text }),
  FlowPage: object({ flows: list(object({ id: text, node: text, counts: flowCounts })), next: textOrNull }),
  Flow: object({ id: text, node: text, counts: flowCounts, jobs: list(map) }),
  Cancelled: object({ cancelled: number }),
  Nodes: object({ nodes: list(ref('Node')) }),
  Node: object({ node: text, connection: map }),
  Changed: object({ changed: yes }),
  Children: map,
  Recycled: object({ recycled: number }),
  AuditLog: object({
    changes: list(
      object({ at: time, user: textOrNull, from: text, method: text, path: text, status: number }),
    ),
  }),
  Problem: object({ type: text, title: text, status: number, detail: text, code: text, path: text }, 'path'),
} as const satisfies Readonly<Record<string, Schema>>

export type SchemaName = keyof typeof SCHEMAS

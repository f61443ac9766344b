import { PACKAGE_VERSION } from '../src/package-version.js'
import type { Route } from './route.js'
import { SCHEMAS } from './schemas.js'
import { changes, ROUTES } from './table.js'

/** What every change needs, so that no page of another site can make it. */
const CHANGE_HEADER = { name: 'x-job-reactor', in: 'header', required: true, schema: { type: 'string' } }

/** The document of the API, by OpenAPI 3.1: made of the one list of routes. */
export function openApi(): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {
    '/openapi.json': { get: operation('This document.', 'map') },
    '/events': {
      get: {
        summary:
          'Server-sent events: `overview` when it changes, at most once a second; with `job`, `job` when it changes and `progress`; `ping`.',
        parameters: [queryParameter('job', 'the job to follow')],
        responses: { 200: { description: 'events', content: { 'text/event-stream': {} } } },
      },
    },
  }
  for (const route of ROUTES) {
    const path = route.path === '' ? '/' : route.path
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'job-reactor', version: PACKAGE_VERSION, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/api/v1', description: 'below the path where it is mounted' }],
    paths,
    components: {
      schemas: SCHEMAS,
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
    security: [{}, { token: [] }],
  }
}

function operationOf(route: Route): Record<string, unknown> {
  const { path, query = {}, body, answers, says, status = 200 } = route
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const inQuery = Object.entries(query).map(([name, what]) => queryParameter(name, what))
  const parameters = [...inPath, ...inQuery, ...(changes(route) ? [CHANGE_HEADER] : [])]
  return {
    ...operation(says, answers, status),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined || Object.keys(body).length === 0 ? {} : { requestBody: requestBody(body) }),
  }
}

function operation(summary: string, answers: string, status = 200): Record<string, unknown> {
  const schema = answers === 'map' ? { type: 'object' } : { $ref: `#/components/schemas/${answers}` }
  const problem = { $ref: '#/components/schemas/Problem' }
  return {
    summary,
    responses: {
      [status]: { description: 'done', content: { 'application/json': { schema } } },
      default: { description: 'refused', content: { 'application/problem+json': { schema: problem } } },
    },
  }
}

function queryParameter(name: string, description: string): Record<string, unknown> {
  return { name, in: 'query', description, schema: { type: 'string' } }
}

function requestBody(fields: Readonly<Record<string, string>>): Record<string, unknown> {
  const properties = Object.fromEntries(
    Object.entries(fields).map(([name, description]) => [name, { description }]),
  )
  const schema = { type: 'object', properties, additionalProperties: false }
  return { content: { 'application/json': { schema } } }
}

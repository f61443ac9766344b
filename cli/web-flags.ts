import type { ExtraFlag } from './options.js'

/** What `jr web` and `jr node --web` take. */
export const WEB_FLAGS = [
  { name: 'web-base', type: 'string' },
  { name: 'web-token-file', type: 'string' },
  { name: 'web-read-only', type: 'boolean' },
] as const satisfies readonly ExtraFlag[]

/** Those of `jr node`. */
export const NODE_WEB_FLAGS = [
  { name: 'web', type: 'string' },
  ...WEB_FLAGS,
] as const satisfies readonly ExtraFlag[]

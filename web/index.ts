export type { WebHandler } from './handler.js'
export { webHandler } from './handler.js'
export { type Meter, observe } from './metrics/otel.js'
export type { AuditEntry, Rights, ShownJob, WebOptions } from './options.js'

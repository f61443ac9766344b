import { LINK_OPTIONS } from './link-options.js'
import type { AddressOption } from './node-options.js'
import type { OptionSpec } from './table.js'

/** How a distributor may be started. */
export interface DistributorOptions {
  readonly name?: string
  /** Listen on TCP. Default 127.0.0.1 when only a port is given. */
  readonly host?: string
  readonly port?: number
  /** Listen on a Unix socket. */
  readonly path?: string
  readonly nodes?: readonly AddressOption[] | string
  readonly spool?: string | URL
  readonly maxHeld?: number
  readonly doubtTimeout?: number | string
  readonly secretFile?: string | URL
  readonly allowRemote?: boolean
  readonly heartbeat?: number | string
  readonly maxFrame?: number | string
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly logJson?: boolean
}

export const DISTRIBUTOR_OPTIONS: readonly OptionSpec[] = [
  {
    key: 'name',
    type: 'name',
    default: 'app',
    text: 'The name of the app: outcomes are kept under it while it is away.',
  },
  { key: 'host', type: 'string', default: '127.0.0.1', text: 'The address to listen on, with port.' },
  { key: 'port', type: 'integer', min: 0, text: 'The port to listen on for nodes; 0: any free one.' },
  { key: 'path', type: 'string', text: 'The Unix socket to listen on for nodes.' },
  { key: 'nodes', type: 'addresses', text: 'Nodes to connect to.' },
  { key: 'spool', type: 'path', text: 'Folder in which jobs without a node are kept on disk.' },
  {
    key: 'maxHeld',
    type: 'integer',
    default: 100_000,
    min: 0,
    text: 'How many jobs are held for want of a node.',
  },
  {
    key: 'doubtTimeout',
    type: 'duration',
    default: '10s',
    text: 'How long a job that was sent to a node waits for that node when it is gone.',
  },
  ...LINK_OPTIONS,
  {
    key: 'logLevel',
    type: 'enum',
    values: ['debug', 'info', 'warn', 'error', 'silent'],
    default: 'warn',
    text: 'The least that is logged.',
  },
  { key: 'logJson', type: 'boolean', text: 'Log JSON lines. Default: when the output is not a terminal.' },
]

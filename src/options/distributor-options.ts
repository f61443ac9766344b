import { LOG_LEVELS } from '../logger.js'
import { addresses, duration, flag, name, oneOf, path, size, text, whole } from './kinds.js'
import { LINK_OPTIONS } from './link-options.js'
import type { Given } from './option.js'

// The docstrings here are made of the texts: `npm run docs`.
const OWN = {
  /** The name of the app. Nodes keep its outcomes under this name while it is away. Default: `'app'`. */
  name: name({
    default: 'app',
    text: 'The name of the app. Nodes keep its outcomes under this name while it is away.',
  }),
  /** The address to listen on, with port. Default: `'127.0.0.1'`. */
  host: text({ default: '127.0.0.1', text: 'The address to listen on, with port.' }),
  /** The port to listen on for nodes; 0: any free one. */
  port: whole({ min: 0, text: 'The port to listen on for nodes; 0: any free one.' }),
  /** The Unix socket to listen on for nodes. */
  path: text({ text: 'The Unix socket to listen on for nodes.' }),
  /** Nodes to connect to. */
  nodes: addresses({ text: 'Nodes to connect to.' }),
  /** Folder in which jobs without a node are kept on disk. */
  spool: path({ text: 'Folder in which jobs without a node are kept on disk.' }),
  /** The most jobs that are held while no node takes them. Default: `100000`. */
  maxHeld: whole({ default: 100_000, min: 0, text: 'The most jobs that are held while no node takes them.' }),
  /** The most bytes of args that are held while no node takes them; a job alone is held whatever its size. Default: `'256MiB'`. */
  maxHeldBytes: size({
    default: '256MiB',
    min: 0,
    text: 'The most bytes of args that are held while no node takes them; a job alone is held whatever its size.',
  }),
  /** How long a job that was sent and not accepted waits for a node that is gone. Default: `'10s'`. */
  doubtTimeout: duration({
    default: '10s',
    text: 'How long a job that was sent and not accepted waits for a node that is gone.',
  }),
  /** The lowest level that is logged. Default: `'warn'`. */
  logLevel: oneOf(LOG_LEVELS, { default: 'warn', text: 'The lowest level that is logged.' }),
  /** Log JSON lines. Default: when the output is not a terminal. */
  logJson: flag({ text: 'Log JSON lines. Default: when the output is not a terminal.' }),
}

/** All options of a distributor. */
export const DISTRIBUTOR_OPTIONS: typeof OWN & typeof LINK_OPTIONS = { ...OWN, ...LINK_OPTIONS }

/** How a distributor may be started. Durations are seconds or text such as `'5m'`; sizes bytes or text such as `'64MiB'`. */
export interface DistributorOptions extends Given<typeof DISTRIBUTOR_OPTIONS> {}

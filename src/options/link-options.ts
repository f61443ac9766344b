import { duration, flag, path, size } from './kinds.js'

// The docstrings here are made of the texts: `npm run docs`.
/** What both ends of a connection have options for. */
export const LINK_OPTIONS = {
  /** File with a secret that both sides must know, of 32 characters at least. */
  secretFile: path({ text: 'File with a secret that both sides must know, of 32 characters at least.' }),
  /** Listen to other machines without a secret. Default: `false`. */
  allowRemote: flag({ default: false, text: 'Listen to other machines without a secret.' }),
  /** How often a ping goes out; three missed ones end the connection. Default: `'5s'`. */
  heartbeat: duration({
    default: '5s',
    min: 10,
    text: 'How often a ping goes out; three missed ones end the connection.',
  }),
  /** The largest frame that a peer may send. Default: `'16MiB'`. */
  maxFrame: size({
    default: '16MiB',
    min: 1024 ** 2,
    max: 1024 ** 3,
    text: 'The largest frame that a peer may send.',
  }),
}

import type { OptionSpec } from './table.js'

/** What both ends of a connection have options for. */
export const LINK_OPTIONS: readonly OptionSpec[] = [
  {
    key: 'secretFile',
    type: 'path',
    text: 'File with a secret that both sides must know (32 bytes at least).',
  },
  { key: 'allowRemote', type: 'boolean', default: false, text: 'Listen to other machines without a secret.' },
  {
    key: 'heartbeat',
    type: 'duration',
    default: '5s',
    min: 10,
    text: 'How often a ping goes out; three missed end it.',
  },
  {
    key: 'maxFrame',
    type: 'size',
    default: '16MiB',
    min: 1024 ** 2,
    max: 1024 ** 3,
    text: 'The largest frame that a peer may send.',
  },
]

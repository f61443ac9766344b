import { JrError } from '../src/errors.js'

/** What the `jr` command exits with. */
export const EXIT = {
  ok: 0,
  /** The command did what it was asked, and the answer is no: a check failed, totals do not agree. */
  failed: 1,
  usage: 2,
  /** It could not be started: a child, an address, anything else. */
  unavailable: 69,
  locked: 73,
  /** The store failed while the node ran: start it again, and it reads what is really on the disk. */
  store: 74,
  /** Other nodes have taken over what this one had: start it again, and it begins with what is its own. */
  leaseLost: 75,
  config: 78,
} as const

/** For the help, and the page of commands. */
export const EXIT_WORDS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'all is well',
  failed: 'the command did what it was asked, and the answer is no: there is no such job, a check failed',
  usage: 'wrong usage',
  unavailable: 'something could not be started or reached',
  locked: 'the data directory is in use',
  store: 'the store failed',
  leaseLost: 'other nodes have its jobs',
  config: 'wrong configuration',
}

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof JrError)) return error instanceof TypeError ? EXIT.usage : EXIT.failed
  switch (error.code) {
    case 'JR_BAD_CONFIG':
      return EXIT.config
    case 'JR_STORE_LOCKED':
      return EXIT.locked
    case 'JR_LEASE_LOST':
      return EXIT.leaseLost
    case 'JR_STORE':
    case 'JR_STORE_CORRUPT':
      return EXIT.store
    default:
      return EXIT.unavailable
  }
}

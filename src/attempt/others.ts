import { unpackChecked } from '../bytes/codec.js'
import { unpackError } from '../bytes/error-record.js'
import { JrError } from '../errors.js'
import type { ChildJob, NeededJob, OtherJobs } from '../job/others.js'
import type { TerminalState } from '../job/states.js'
import type { JobArgs, JobFailure } from '../job/types.js'
import type { Other, Others } from '../pipe/given-bytes.js'

/** Another job, as the one that waited for it sees it. What it has left is unpacked when it is read. */
class SeenJob<State extends TerminalState | null> {
  readonly id: string
  readonly name: string
  readonly state: State
  readonly #other: Other
  #args: JobArgs | null = null

  constructor(other: Other) {
    this.id = other.id
    this.name = other.name
    this.state = other.state as State
    this.#other = other
  }

  get args(): JobArgs {
    const { key, args, name } = this.#other
    if (args === null) {
      const text = `the args with the results of '${key}' ('${name}') are too large to be sent along: read them from where the job has put them`
      throw new JrError('JR_NEEDS_TOO_LARGE', text)
    }
    this.#args ??= args.length === 0 ? {} : (unpackChecked(args) as JobArgs)
    return this.#args
  }

  get error(): JobFailure | null {
    const { error } = this.#other
    return error.length === 0 ? null : (unpackError(error) as JobFailure)
  }
}

export function seenNeeds(needs: readonly Other[]): Readonly<Record<string, NeededJob>> {
  const seen: Record<string, NeededJob> = Object.create(null)
  for (const other of needs) seen[other.key] = new SeenJob<TerminalState>(other)
  return seen
}

export function seenChildren(children: readonly Other[]): readonly ChildJob[] {
  return children.map((other) => new SeenJob<TerminalState | null>(other))
}

export function seenOthers(others: Others | null): OtherJobs | null {
  return others === null ? null : { ...others, failures: seenNeeds(others.failures) }
}

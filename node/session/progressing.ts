import type { Channel } from '../../src/wire/channel.js'
import type { LinkMessage, Peer, Progress } from '../../src/wire/messages.js'

/** A value that a running job has told, and whose job it is. */
export interface JobProgress extends Omit<Progress, 'type'> {
  readonly distributor: string
}

/** What running jobs tell, for one app: as long as somebody there listens. */
export class Progressing {
  readonly #peer: Pick<Peer, 'name'>
  readonly #channel: Pick<Channel<LinkMessage>, 'send' | 'writable'>
  readonly #watches: (id: string) => boolean
  #listening = false
  /** The latest of each job that the app could not be told, as it does not read. */
  readonly #behind = new Map<string, JobProgress>()

  /** `watches`: the app wants to know of this job, whoever has enqueued it. */
  constructor(
    peer: Pick<Peer, 'name'>,
    channel: Pick<Channel<LinkMessage>, 'send' | 'writable'>,
    watches: (id: string) => boolean,
  ) {
    this.#peer = peer
    this.#channel = channel
    this.#watches = watches
  }

  /** `told`: what jobs have told so far. */
  listen(on: boolean, told: Iterable<JobProgress>): void {
    this.#listening = on
    if (on) for (const progress of told) this.tell(progress)
    else this.#behind.clear()
  }

  tell(progress: JobProgress): void {
    const { id, name, attempt, value, distributor } = progress
    if (!this.#listening || (distributor !== this.#peer.name && !this.#watches(id))) return
    if (this.#channel.writable) this.#channel.send({ type: 'progress', id, name, attempt, value })
    else this.#behind.set(id, progress)
  }

  /** There is room in the channel again. */
  drained(): void {
    const behind = [...this.#behind.values()]
    this.#behind.clear()
    for (const progress of behind) this.tell(progress)
  }
}

import { unpackChecked } from '../../src/bytes/codec.js'
import type { Emitter } from '../../src/emitter.js'
import type { Progress } from '../../src/wire/messages.js'
import type { DistributorEvents } from '../events.js'
import type { NodeLine } from '../nodes/node-line.js'
import type { Ticket } from './ticket.js'

/** What running jobs tell: nodes send it as long as somebody here listens. */
export class ProgressFeed {
  readonly #events: Pick<Emitter<DistributorEvents>, 'has' | 'emit'>
  readonly #find: (id: string) => Ticket | undefined
  readonly #nodes: () => readonly NodeLine[]
  #listeners = 0
  #on = false

  constructor(
    events: Pick<Emitter<DistributorEvents>, 'has' | 'emit'>,
    find: (id: string) => Ticket | undefined,
    nodes: () => readonly NodeLine[],
  ) {
    this.#events = events
    this.#find = find
    this.#nodes = nodes
  }

  /** From the latest value on that is known here. Answers how to listen no longer. */
  listen(ticket: Ticket, listener: (value: unknown) => void): () => void {
    ticket.progress ??= { latest: null, listeners: new Set() }
    const { latest, listeners } = ticket.progress
    listeners.add(listener)
    this.#listeners++
    this.changed()
    if (latest !== null) listener(unpackChecked(latest))
    return () => {
      if (!listeners.delete(listener)) return
      this.#listeners--
      this.changed()
    }
  }

  /** Somebody listens, or does no longer. */
  changed(): void {
    const on = this.#listeners > 0 || this.#events.has('job:progress')
    if (on === this.#on) return
    this.#on = on
    for (const line of this.#nodes()) if (line.connected) line.link?.channel.send({ type: 'listen', on })
  }

  /** A node is connected, and knows nothing of who listens here. */
  connected(line: NodeLine): void {
    if (this.#on) line.link?.channel.send({ type: 'listen', on: true })
  }

  take(node: string, { id, name, attempt, value: packed }: Progress): void {
    const events = this.#events
    const ticket = this.#find(id)
    if (ticket !== undefined && ticket.status !== 'over') {
      ticket.progress ??= { latest: null, listeners: new Set() }
      // A view would keep the whole read that it came in.
      ticket.progress.latest = Buffer.from(packed)
    }
    const told = ticket?.progress?.listeners.size ?? 0
    if (told === 0 && !events.has('job:progress')) return
    const value = unpackChecked(packed)
    for (const listener of [...(ticket?.progress?.listeners ?? [])]) listener(value)
    if (events.has('job:progress')) events.emit('job:progress', { id, name, node, attempt, value })
  }
}

/** The values that a job tells from now on, until it has ended: who is slow gets the latest. */
export async function* valuesOf<Value>(ticket: Ticket, feed: ProgressFeed): AsyncGenerator<Value, void> {
  if (ticket.status === 'over') return
  let latest: { readonly value: unknown } | null = null
  let wake = () => {}
  let over = false
  const forget = feed.listen(ticket, (value) => {
    latest = { value }
    wake()
  })
  const end = () => {
    over = true
    wake()
  }
  const unwait = ticket.whenEnded({ resolve: end, reject: end })
  try {
    while (true) {
      const next = latest as { readonly value: unknown } | null
      latest = null
      if (next !== null) yield next.value as Value
      else if (over) return
      else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
  } finally {
    forget()
    unwait()
  }
}

import type { Channel } from './channel.js'
import type { LinkMessage, Peer } from './messages.js'

interface Place {
  readonly channel: Pick<Channel<LinkMessage>, 'destroy'>
  readonly byNode: boolean
  readonly left: Promise<void>
}

/**
 * One connection with each life of a peer, whoever dials. Of two the one that the node has dialled stays: both sides know
 * which that is, in whatever order they hear of them. Of two that one side has dialled the newer stays: the other may be dead.
 */
export class OneEach {
  readonly #places = new Map<string, Place>()

  /** Whether there is one that stays: a second one has to go. */
  isTaken(peer: Peer, dialled: boolean): boolean {
    return this.#places.get(keyOf(peer))?.byNode === true && !isByNode(peer, dialled)
  }

  /** Destroys the one that was there. Answers with what is to be called when this one has ended. */
  enter(peer: Peer, dialled: boolean, channel: Place['channel']): () => void {
    const key = keyOf(peer)
    this.#places.get(key)?.channel.destroy()
    let leave: () => void = () => {}
    const left = new Promise<void>((resolve) => {
      leave = resolve
    })
    const place = { channel, byNode: isByNode(peer, dialled), left }
    this.#places.set(key, place)
    return () => {
      if (this.#places.get(key) === place) this.#places.delete(key)
      leave()
    }
  }

  /** Resolves when there is none with this peer: until then it need not be dialled. */
  async parted(peer: Peer): Promise<void> {
    const key = keyOf(peer)
    for (let place = this.#places.get(key); place !== undefined; place = this.#places.get(key))
      await place.left
  }
}

function keyOf({ name, instance }: Peer): string {
  return JSON.stringify([name, instance])
}

function isByNode(peer: Peer, dialled: boolean): boolean {
  return dialled !== (peer.role === 'node')
}

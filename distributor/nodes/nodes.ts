import { CountedLines, RARELY_MS } from '../../src/counted-lines.js'
import type { Emitter } from '../../src/emitter.js'
import { JrError } from '../../src/errors.js'
import type { Logger } from '../../src/logger.js'
import type { Secret } from '../../src/options/secret.js'
import type { Surroundings } from '../../src/surroundings.js'
import type { Address } from '../../src/wire/address.js'
import { type Link, type LinkHandlers, Links } from '../../src/wire/links.js'
import type { DistributorEvents, NodeFacts } from '../events.js'
import type { CancelAnswer } from '../told/handle.js'
import { NodeLine, type NodeLineHandlers } from './node-line.js'

export interface NodesConfig {
  readonly name: string
  readonly instance: string
  readonly secret: Secret | null
  readonly allowRemote: boolean
  readonly heartbeatMs: number
  readonly maxFrame: number
  readonly doubtMs: number
}

/** A job that a node has. */
export interface Found {
  readonly id: string
  readonly edition: number
}

export interface NodesDeps extends Surroundings {
  readonly log: Logger
  readonly events: Emitter<DistributorEvents>
  readonly handlers: Omit<NodeLineHandlers, 'onOpen' | 'onCredit' | 'onClose'> & {
    /** A node has come, or has room again. */
    readonly onRoom: () => void
    readonly onWelcome: (line: NodeLine) => void
  }
}

/** The nodes that have ever connected to this app, by their names, and the connections to them. */
export class Nodes {
  readonly #config: NodesConfig
  readonly #deps: NodesDeps
  readonly #links: Links
  readonly #lines = new Map<string, NodeLine>()
  #all: readonly NodeLine[] = []
  readonly #duplicates: CountedLines

  constructor(config: NodesConfig, deps: NodesDeps) {
    this.#config = config
    this.#deps = deps
    this.#duplicates = new CountedLines(deps.log, deps.clock, RARELY_MS)
    this.#links = new Links({
      identity: () => ({ role: 'distributor', name: config.name, instance: config.instance }),
      secret: config.secret,
      maxFrame: config.maxFrame,
      heartbeatMs: config.heartbeatMs,
      allowRemoteWithoutSecret: config.allowRemote,
      log: deps.log,
      clock: deps.clock,
      chance: deps.chance,
      onLink: (link) => this.#open(link),
    })
  }

  /** How nodes and this app find each other, for people. */
  get where(): string {
    const { listening, dialling } = this.#links
    const parts = [
      ...(listening.length > 0 ? [`listens on ${listening.join(', ')}`] : []),
      ...(dialling.length > 0 ? [`dials ${dialling.join(', ')}`] : []),
    ]
    const nowhere = 'listens nowhere and dials nobody (options port, path and nodes; or spawnNode)'
    return parts.length > 0 ? parts.join(' and ') : nowhere
  }

  listen(address: Address): Promise<Address> {
    return this.#links.listen(address)
  }

  dial(address: Address): void {
    this.#links.dial(address)
  }

  /** Whether connections that we made keep the process. */
  hold(on: boolean): void {
    this.#links.hold(on)
  }

  stop(): Promise<void> {
    return this.#links.stop()
  }

  /** In the order in which they first came. */
  get all(): readonly NodeLine[] {
    return this.#all
  }

  get facts(): NodeFacts[] {
    return this.#all.map(factsOf)
  }

  get connected(): boolean {
    return this.#all.some((line) => line.connected)
  }

  /** Jobs that were sent and that no node has accepted yet. */
  get unaccepted(): number {
    return this.#all.reduce((sum, line) => sum + line.unaccepted, 0)
  }

  find(name: string): NodeLine | undefined {
    return this.#lines.get(name)
  }

  /** Throws JR_CONNECTION when it has never connected. */
  named(name: string): NodeLine {
    const line = this.#lines.get(name)
    if (line === undefined)
      throw new JrError('JR_CONNECTION', `no node '${name}' has ever connected to this app`)
    return line
  }

  /** One that may come: an earlier life of the app has sent jobs to it. */
  expected(name: string): NodeLine {
    return this.#lines.get(name) ?? this.#add(name)
  }

  async cancelAt(line: NodeLine, id: string): Promise<CancelAnswer> {
    const answer = await line.ask((request) => ({ type: 'cancel', request, id }))
    return answer === 'cancelled' || answer === 'cancelling' ? answer : 'not-found'
  }

  /**
   * A node tells of the end of the job that has this id now, or this key, whoever has enqueued it: the one that is named, else
   * another that shares its store. Null when none has it.
   */
  async watch(
    line: NodeLine,
    { id, key }: { readonly id: string; readonly key: string },
  ): Promise<Found | null> {
    const ask = (at: NodeLine) => at.ask((request) => ({ type: 'watch', request, id, key }))
    const answer = foundOf(await ask(line))
    if (answer !== null || line.alone) return answer
    const others = this.#all.filter((other) => other.connected && other !== line && !other.alone)
    const answers = await Promise.all(others.map(ask))
    return answers.map(foundOf).find((found) => found !== null) ?? null
  }

  /** At every node that is connected, but one that has been asked. */
  async cancelAtAny(id: string, asked?: NodeLine): Promise<CancelAnswer> {
    const lines = this.#all.filter((line) => line.connected && line !== asked)
    const answers = await Promise.all(lines.map((line) => this.cancelAt(line, id)))
    return answers.find((answer) => answer !== 'not-found') ?? 'not-found'
  }

  #open(link: Link): LinkHandlers {
    const { name, instance } = link.peer
    const line = this.expected(name)
    const current = line.link
    if (current !== null && current.peer.instance !== instance && !current.channel.closed) {
      const { events } = this.#deps
      const text = `a node of the name '${name}' is connected already: give each node a name of its own`
      this.#duplicates.error('node:duplicate', { name, address: link.address, note: text })
      events.emit('node:duplicate', { name, address: link.address })
      link.channel.send({ type: 'broken', code: 'JR_DUPLICATE_NODE', message: text })
      link.channel.close()
      return { onMessages: () => {}, onClose: () => {} }
    }
    line.attach(link)
    return {
      onMessages: (messages) => line.receive(messages),
      onDrain: () => this.#deps.handlers.onRoom(),
      onClose: (error) => line.detach(link, error),
    }
  }

  #add(name: string): NodeLine {
    const { clock, log, events, handlers } = this.#deps
    const line = new NodeLine(name, clock, this.#config.doubtMs, {
      ...handlers,
      onOpen: (opened) => {
        log.info('node:connected', { name, address: opened.link?.address })
        events.emit('node:connected', factsOf(opened))
        handlers.onWelcome(opened)
        handlers.onRoom()
      },
      onCredit: () => handlers.onRoom(),
      onClose: (_closed, error) => {
        const facts = error === null ? {} : { error: error.message }
        log.info('node:disconnected', { name, ...facts })
        events.emit('node:disconnected', { name, error })
      },
    })
    this.#lines.set(name, line)
    this.#all = [...this.#lines.values()]
    return line
  }
}

/** Of the answer to `watch`. */
function foundOf(answer: unknown): Found | null {
  const [word, edition, id] = Array.isArray(answer) ? answer : []
  return word === 'watching' && typeof edition === 'number' && typeof id === 'string' ? { id, edition } : null
}

function factsOf(line: NodeLine): NodeFacts {
  const { name, status, facts, inFlight, link, connectedAt } = line
  return { name, status, ...facts, inFlight, address: link?.address ?? null, connectedAt }
}

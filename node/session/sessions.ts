import { CountedLines, RARELY_MS } from '../../src/counted-lines.js'
import type { JobDefinition } from '../../src/job/definition.js'
import type { Outcome } from '../../src/job/record.js'
import { HIGHEST_TERM } from '../../src/job/terms/agreed.js'
import type { Store } from '../../src/store/contract.js'
import { holder } from '../../src/store/unique.js'
import { WINDOWS } from '../../src/window.js'
import type { Link, LinkHandlers } from '../../src/wire/links.js'
import type { NodeState } from '../../src/wire/messages.js'
import { Watchers } from '../changes/watchers.js'
import { Delivery } from '../report/delivery.js'
import type { Reporter } from '../report/reporter.js'
import type { JobProgress } from './progressing.js'
import { Refusals } from './refusals.js'
import { Session, type SessionDeps } from './session.js'

export interface SessionsDeps
  extends Omit<SessionDeps, 'touched' | 'complaints' | 'watchers' | 'holder' | 'duplicates' | 'refusals'> {
  readonly store: Store
  readonly reporter: Reporter
  readonly onStoreError: (error: unknown) => void
  /** A distributor has taken outcomes that the store keeps. */
  readonly onTaken: (distributor: string, seqs: readonly number[]) => void
  /** What this node can do now, for those who ask or are told. */
  readonly state: () => NodeState
}

/** The connected distributors. */
export class Sessions {
  readonly #deps: SessionsDeps
  readonly #byInstance = new Map<string, Session>()
  readonly #touched = new Set<Session>()
  readonly #complaints: CountedLines
  readonly #watchers = new Watchers()
  readonly #refusals = new Refusals()
  readonly #duplicates: CountedLines
  #held = false

  constructor(deps: SessionsDeps) {
    this.#deps = deps
    this.#complaints = new CountedLines(deps.log, deps.clock)
    this.#duplicates = new CountedLines(deps.log, deps.clock, RARELY_MS)
  }

  /** A link whose handshake is done. There is no other with this life of the distributor. */
  open(link: Link): LinkHandlers {
    const { peer, channel } = link
    const { log, reporter } = this.#deps
    const delivery = new Delivery({
      distributor: peer.name,
      clock: this.#deps.clock,
      send: (message) => session.send(message),
      writable: () => channel.writable,
      read: (distributor, after, limit, maxBytes) =>
        this.#deps.store.outcomes(distributor, after, limit, maxBytes),
      acknowledge: this.#deps.onTaken,
      onForeign: (distributor, instance) => reporter.missing(distributor, instance),
      onSlow: (feedbacks) => {
        const note = 'no feedback of this app has been done for a while; outcomes are sent all the same'
        log.warn('feedbacks:slow', { distributor: peer.name, feedbacks, note })
      },
      onError: this.#deps.onStoreError,
    })
    const session = new Session(peer, channel, delivery, {
      ...this.#deps,
      complaints: this.#complaints,
      watchers: this.#watchers,
      holder: (key) => this.#holder(key),
      refusals: this.#refusals,
      duplicates: this.#duplicates,
      touched: (touched) => this.#touched.add(touched),
    })
    this.#byInstance.set(peer.instance, session)
    if (this.#held) channel.pause('store')
    log.info('distributor:connected', { distributor: peer.name, address: link.address, pid: peer.pid })
    this.#begin(session).catch(this.#deps.onStoreError)
    return {
      onMessages: (messages) => session.receive(messages),
      onDrain: () => session.drained(),
      onClose: (error) => this.#close(session, error),
    }
  }

  /** After each committed group: says what has been accepted. */
  settle(): void {
    for (const session of this.#touched) session.settle()
    this.#touched.clear()
  }

  /** A job has ended, or a run of a schedule: those who wait for it, and have not enqueued it, are told. */
  ended(outcome: Outcome, stored: boolean): void {
    this.#watchers.ended(outcome, stored)
  }

  /** A running job has told how far it is. */
  progress(progress: JobProgress): void {
    for (const { progressing } of this.#byInstance.values()) progressing.tell(progress)
  }

  /** A job of this life of an app is one with the job of this id: it is told of its end, whoever has enqueued it. */
  merged(instance: string, into: string): void {
    this.#byInstance.get(instance)?.watch(into)
  }

  /** Who is connected, in the order in which they came. */
  apps(): { readonly name: string; readonly connectedAt: number }[] {
    return [...this.#byInstance.values()].map(({ peer, since }) => ({ name: peer.name, connectedAt: since }))
  }

  broadcast(): void {
    const state = this.#deps.state()
    for (const session of this.#byInstance.values()) session.tell(state)
  }

  /** Whether what distributors send is not read for now: it waits with them. */
  hold(on: boolean): void {
    this.#held = on
    for (const { channel } of this.#byInstance.values()) {
      if (on) channel.pause('store')
      else channel.resume('store')
    }
  }

  async #begin(session: Session): Promise<void> {
    const { store, journal, settings, reporter, state } = this.#deps
    const { name, instance } = session.peer
    // What an earlier link of this life brought may be on its way to the disk: it counts as taken.
    await journal.flushed()
    const taken = await store.taken(name, instance)
    if (session.channel.closed) return
    const { jobs, evented, deferred, status } = state()
    session.welcome({
      type: 'welcome',
      taken,
      creditJobs: WINDOWS.jobs.count,
      creditBytes: WINDOWS.jobs.bytes,
      maxArgs: settings.maxArgs,
      jobs,
      unknownJob: settings.unknownJob,
      evented,
      deferred,
      alone: store.neighbours === undefined,
      terms: HIGHEST_TERM,
      minPriority: settings.minPriority,
      maxPriority: settings.maxPriority,
    })
    if (status !== 'running') session.tell(state())
    reporter.attach(name, instance, session.delivery)
  }

  async #holder(key: string): Promise<string | null> {
    await this.#deps.journal.flushed()
    return holder(this.#deps.store, key)
  }

  #close(session: Session, error: Error | null): void {
    const { log, reporter } = this.#deps
    const { name, instance } = session.peer
    if (this.#byInstance.get(instance) === session) this.#byInstance.delete(instance)
    this.#touched.delete(session)
    session.close()
    if (session.over) this.#refusals.forget(instance)
    reporter.detach(name, instance, session.delivery, session.over)
    const facts = error === null ? {} : { error: error.message }
    log.info('distributor:disconnected', { distributor: name, ...facts })
  }
}

export function knownJobs(jobs: readonly JobDefinition[]): NodeState['jobs'] {
  return jobs.map(({ name, defer }) => ({ name, defer }))
}

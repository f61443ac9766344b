import type { Clock } from '../../src/clock.js'
import { JrError } from '../../src/errors.js'
import { PACKAGE_VERSION } from '../../src/package-version.js'
import type { ListQuery, Store } from '../../src/store/contract.js'
import { type ChildrenWanted, MOST_RUNNING, type StatusOfNode } from '../../src/verbs/status.js'
import type { AskedOf } from '../../src/verbs/table.js'
import type { Reach } from '../changes/reach.js'
import type { Controls } from '../controls/controls.js'
import type { JobCounts } from '../counts/counts.js'
import type { Child } from '../executors/children/child.js'
import type { Pool } from '../executors/children/pool.js'
import type { Runner } from '../run/runner.js'
import type { NodeConfig } from '../settings.js'
import { KnownFailures } from './known-failures.js'
import { type FolderFacts, folderFacts, storeFacts } from './store.js'

export interface StatusViewDeps {
  readonly config: NodeConfig
  readonly pool: Pick<Pool, 'resize' | 'staff'>
  readonly runner: Pick<Runner, 'pump'>
  readonly reach: Pick<Reach, 'list'>
  readonly counts: Pick<JobCounts, 'failed'>
  readonly store: Pick<Store, 'kind' | 'counts'>
  readonly clock: Clock
  readonly controls: Pick<Controls, 'pauseOf' | 'draining'>
  readonly sessions: () => { readonly apps: () => StatusOfNode['apps']; readonly broadcast: () => void }
}

/** An open dashboard asks each second: the files of the store are not looked at each time. */
const FOLDER_MS = 5000

/** A node as a whole, and its children, for those who ask. */
export class StatusView {
  readonly failures: KnownFailures
  readonly #deps: StatusViewDeps
  readonly #startedAt: number
  #folder: { readonly at: number; readonly facts: Promise<FolderFacts> } | null = null

  constructor(deps: StatusViewDeps) {
    const { reach, counts, store, clock } = deps
    const list = (query: ListQuery) => reach.list(query)
    this.failures = new KnownFailures({ list, store, failed: () => counts.failed, clock })
    this.#deps = deps
    this.#startedAt = clock.now()
  }

  async read(): Promise<StatusOfNode> {
    const { config, pool, store, clock, controls, sessions } = this.#deps
    const facts = await storeFacts(store, config, clock, this.#folderNow())
    return {
      version: PACKAGE_VERSION,
      runtime: process.version,
      pid: process.pid,
      startedAt: this.#startedAt,
      at: clock.now(),
      memory: process.memoryUsage.rss(),
      paused: controls.pauseOf(null, null),
      draining: controls.draining,
      store: facts,
      children: childrenFacts([...pool.staff]),
      most: this.#wanted(),
      apps: sessions().apps(),
      options: config.options.map(({ option, value, from }) => ({
        name: option,
        value: value === null ? null : String(value),
        source: from,
      })),
    }
  }

  #folderNow(): Promise<FolderFacts> {
    const { config, clock } = this.#deps
    const now = clock.mono()
    if (this.#folder === null || now - this.#folder.at >= FOLDER_MS)
      this.#folder = { at: now, facts: folderFacts(config) }
    return this.#folder.facts
  }

  /** Those that are too many end when what runs on them has. Throws JR_BAD_CONFIG: no child would be left. */
  resize(to: AskedOf<'resize'>): ChildrenWanted {
    const { pool, sessions } = this.#deps
    const before = this.#wanted()
    const { children = before.children, deferred = before.deferred } = to
    if (children + deferred === 0)
      throw new JrError('JR_BAD_CONFIG', 'a node needs a child to run jobs: to begin none, pause it')
    pool.resize(false, children)
    pool.resize(true, deferred)
    sessions().broadcast()
    return this.#wanted()
  }

  /** Answers how many children are replaced. */
  recycle(pid?: number): number {
    const { pool, runner } = this.#deps
    const count = pool.staff.recycle(pid)
    // One that stood by may have taken its place.
    runner.pump()
    return count
  }

  #wanted(): ChildrenWanted {
    const { staff } = this.#deps.pool
    return { children: staff.wanted(false), deferred: staff.wanted(true) }
  }
}

type ChildSeen = Pick<Child, 'pid' | 'deferred' | 'status' | 'startedAt' | 'memory' | 'begun' | 'attempts'>

export function childrenFacts(children: readonly ChildSeen[]): StatusOfNode['children'] {
  const { ofChild, ofAll } = MOST_RUNNING
  const most = Math.min(ofChild, Math.ceil(ofAll / children.length))
  return children.map((child) => childFacts(child, most))
}

function childFacts(child: ChildSeen, most: number): StatusOfNode['children'][number] {
  const { pid, deferred, status, startedAt, begun, attempts } = child
  const memory = child.memory()
  const running = []
  for (const { job, attempt, startedAt } of attempts.values()) {
    if (running.length === most) break
    running.push({ id: job.id, name: job.name, attempt, startedAt })
  }
  return {
    pid,
    kind: deferred === null ? 'standby' : deferred ? 'deferred' : 'evented',
    state: status,
    startedAt,
    memory: memory === 0 ? null : memory,
    done: begun - attempts.size,
    runningCount: attempts.size,
    running,
  }
}

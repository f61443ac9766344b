import { CountedLines } from '../src/counted-lines.js'
import type { Logger } from '../src/logger.js'
import type { Store } from '../src/store/contract.js'
import { GroupCommit } from '../src/store/group-commit.js'
import type { Surroundings } from '../src/surroundings.js'
import type { Links } from '../src/wire/links.js'
import { Consequences } from './changes/consequences.js'
import { type Journal, moveOf, type NodeChange } from './changes/journal.js'
import { journalOf } from './changes/journal-of.js'
import { LocalJobs } from './changes/local-jobs.js'
import { Pruner } from './changes/pruner.js'
import { Reach } from './changes/reach.js'
import { Controls } from './controls/controls.js'
import { whyWaits } from './controls/why.js'
import { JobCounts } from './counts/counts.js'
import { SpawnedChild } from './executors/children/child.js'
import { Pool } from './executors/children/pool.js'
import { Executors } from './executors/executors.js'
import { Flows } from './flows/flows.js'
import { FlowView } from './flows/view.js'
import { type Adoption, adoptionIn } from './opening/adoption.js'
import { asideOf } from './order/aside.js'
import { Gates } from './order/gates.js'
import { Orders } from './order/orders.js'
import { readFrom } from './order/read-from.js'
import { Replacing } from './order/replacing.js'
import { Scheduler } from './order/scheduler.js'
import { Series, taking } from './order/series.js'
import { AskedOutcomes } from './report/asked-outcomes.js'
import { Reporter } from './report/reporter.js'
import { broughtTo } from './run/bringing.js'
import { Runner } from './run/runner.js'
import { Sayings } from './run/sayings.js'
import { Keeper } from './schedules/keeper.js'
import { Schedules } from './schedules/schedules.js'
import { linksOf } from './session/links.js'
import { knownJobs, Sessions } from './session/sessions.js'
import type { NodeConfig } from './settings.js'
import { StatusView } from './status/view.js'
import type { Whole } from './whole.js'

const SLOW = 'what the node has to store comes faster than it is stored: children and apps have to wait'
/** Waiting jobs of a lane in memory: enough to keep any number of children busy while the next are read. */
const WINDOW = { jobs: 16_384, read: 4096, bytes: 16 * 1024 * 1024 }

export interface Parts {
  readonly journal: Journal
  readonly pool: Pool
  readonly executors: Executors
  readonly controls: Controls
  readonly scheduler: Scheduler
  readonly runner: Runner
  readonly reach: Reach
  readonly reporter: Reporter
  readonly pruner: Pruner
  readonly schedules: Schedules
  readonly series: Series
  readonly flows: Flows
  readonly replacing: Replacing
  /** Only where several nodes share the store. */
  readonly adoption: Adoption | null
  readonly sessions: Sessions
  readonly links: Links
}

/** The parts of a node, each with what it needs of the others. None has begun when they are answered. */
export function partsOf(
  config: NodeConfig,
  { store, clock, log, chance }: { store: Store; log: Logger } & Surroundings,
  whole: Whole,
): Parts {
  const settings = config
  const { random } = chance
  const complaints = new CountedLines(log, clock)
  const { events, seq, fail: onError } = whole
  const commits = new GroupCommit<NodeChange>(
    store,
    {
      onStored: (changes, answers) => consequences.accept(changes, answers),
      onDone: (changes, answers) => consequences.follow(changes, answers),
      // What would come faster than the store takes it waits where it comes from.
      onFull: (full) => {
        executors.hold(full)
        keeper.hold(full)
        sessions.hold(full)
        if (full) complaints.warn('store:slow', { note: SLOW })
      },
      onFailure: onError,
    },
    clock,
  )
  const { journal, below } = journalOf(commits, clock, () => ({ flows, series, replacing }))
  const cancel = (id: string) => reach.cancel(id)
  const flows: Flows = new Flows({ ...whole, ...below, settings, store, clock, cancel, onError })
  const orders = new Orders()
  const series = new Series({ store, journal, seq, orders, oldest: whole.oldest, onError })
  const others = () => ({ runner, reach })
  const replacing = new Replacing({ ...whole, store, journal, clock, orders, settings, others, onError })
  const pool = new Pool(
    config,
    {
      onJobs: () => {
        executors.learn()
        scheduler.changed(null)
        adoption?.relearn()
        sessions.broadcast()
      },
      onResults: (results) => runner.conclude(results),
      onCapacity: () => runner.pump(),
      onFailure: (error) => log.error('children:failing', { error: error.message }),
      onEnqueue: (request, by, child) => local.enqueue(request, by, child),
      onCheckpoint: (by, value, done) => sayings.save(by, value, done),
      onProgress: (by, value) => sayings.progress(by, value),
      onLine: (by, line) => sayings.line(by, line),
      onRoom: (child) => outcomes.room(child),
      onGone: (child) => outcomes.gone(child),
    },
    { clock, log, spawn: (options, handlers) => new SpawnedChild(options, handlers, clock, log) },
  )
  const executors = new Executors([pool])
  const onChange = (name: string | null) => (name === null ? whole.onPause() : scheduler.changed(name))
  const controls = new Controls({ store, journal, clock, log, executors, onChange })
  const gates: Gates = new Gates({
    rules: controls,
    clock,
    knows: (name) => executors.known(name) !== undefined,
    running: () => runner.jobs(),
    read: (shelf, range, limit) => store.notes(shelf, range, limit),
    keep: (notes, done) => journal.add({ kind: 'note', notes, done }, false),
    onOpen: (owner) => scheduler.opened(owner),
    onClose: (name) => scheduler.closed(name),
  })
  const scheduler = new Scheduler({
    lanes: async (after, limit) => taking(await store.lanes(after, limit)),
    read: readFrom(store, whole.oldest),
    clock,
    limits: WINDOW,
    gates,
    setAside: (job, done) => journal.add(moveOf(job, false, asideOf(job, seq()), done), false),
    onDue: () => runner.pump(),
    onError,
  })
  const sayings = new Sayings({
    store,
    journal,
    onError,
    now: () => clock.now(),
    keepLogs: (name) => executors.known(name)?.keepLogs ?? settings.keepLogs,
    onProgress: (progress) => sessions.progress(progress),
    isCurrent: (attempt) => runner.running(attempt.job.id) === attempt,
  })
  const common = { settings, journal, clock, seq }
  const runner: Runner = new Runner({
    ...common,
    executors,
    due: scheduler,
    counts: gates,
    log,
    random,
    brought: (job) => broughtTo(job, sayings, flows),
    followUps: { take: (token) => local.followUps.take(token) },
    sayings,
  })
  const reach = new Reach({ ...common, store, scheduler, runner, executors })
  const reporter = new Reporter(clock, config.outcomeGraceMs)
  const outcomes = new AskedOutcomes({
    read: (distributor, after, limit, bytes) => store.outcomes(distributor, after, limit, bytes),
    acknowledge: (distributor, seqs) => journal.add({ kind: 'acknowledge', distributor, seqs }, false),
    onError,
  })
  const { forward } = config
  const local: LocalJobs = new LocalJobs({ ...common, executors, scheduler, forward, outcomes })
  const keeper: Keeper = new Keeper({ settings, store, journal, executors, scheduler, clock, seq, onError })
  const schedules = new Schedules({ ...common, keeper, store, executors, scheduler, onError })
  const known = (name: string) => executors.known(name)
  const adoption: Adoption | null = adoptionIn(store, {
    ...common,
    ...{ log, random, known, schedules, controls, series, flows, onError },
  })
  const counts = new JobCounts(clock.now(), seq())
  const pruner = new Pruner(store, journal, config, clock, onError)
  const view = new StatusView({
    ...{ config, pool, runner, reach, counts, store, clock, controls },
    sessions: () => sessions,
  })
  const sessions: Sessions = new Sessions({
    ...common,
    store,
    runner,
    reach,
    controls,
    why: ({ job, state }) =>
      state === 'available' ? whyWaits(job, { replacing, series, scheduler, controls }) : null,
    schedules,
    flowView: new FlowView({ store, journal, reach }),
    ...{ counts, view, reporter, executors, scheduler, log },
    told: () => sayings.told(),
    progress: (id) => sayings.latest(runner.running(id)),
    lines: (job) => sayings.lines(job, runner.running(job.id)),
    admitting: () => whole.status() !== 'stopping',
    onStoreError: onError,
    onTaken: (distributor, seqs) => outcomes.taken(distributor, seqs),
    state: () => ({
      type: 'node-state',
      status: whole.status(),
      jobs: knownJobs(executors.definitions),
      ...executors.slots,
      busy: runner.size,
    }),
  })
  const consequences = new Consequences({
    store,
    series,
    flows,
    replacing,
    runner,
    scheduler,
    sessions,
    reporter,
    local,
    pruner,
    keeper,
    counts,
    events,
    log,
    onStoreError: onError,
  })
  const links = linksOf(config, whole.storeId, (link) => sessions.open(link), { log, clock, chance })
  return {
    journal,
    pool,
    executors,
    controls,
    scheduler,
    runner,
    reach,
    reporter,
    pruner,
    schedules,
    series,
    flows,
    replacing,
    adoption,
    sessions,
    links,
  }
}

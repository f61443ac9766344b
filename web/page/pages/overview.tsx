import { useState } from 'preact/hooks'
import { useApp } from '../app-state.js'
import { Chart } from '../chart.js'
import { bytes, count, duration, rate } from '../format.js'
import { Empty, ListLink, Table, Time } from '../parts.js'
import { Link, pathOf } from '../router.js'
import type { Counts, OverviewNode, Series, Stored } from '../types.js'

const SPANS = { minute: 'last minute', hour: 'last hour', day: 'last day' } as const
type Span = keyof typeof SPANS
const AGO: Readonly<Record<Span, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }

/** What is waiting and why, what fails, and who works: at a glance. */
export function OverviewPage() {
  const { overview } = useApp()
  if (overview === null) return <p class="dim">Loading …</p>
  const { counts, stored, oldest, series, failing, nodes, at } = overview
  return (
    <>
      <h1>Overview</h1>
      {counts === null || stored === null ? (
        <Empty command="jr node --name worker_1 --listen 127.0.0.1:5001">
          No node is connected. This starts one:
        </Empty>
      ) : (
        <>
          <Cards counts={counts} stored={stored} oldest={oldest} />
          {series === null ? null : <Throughput series={series} counts={counts} at={at} />}
        </>
      )}
      <h2>Nodes</h2>
      <Nodes nodes={nodes} />
      <h2>What fails</h2>
      {failing.length === 0 ? (
        <Empty>No job has failed in the last hour.</Empty>
      ) : (
        <Table
          caption="Names with failures in the last hour"
          head={['Name', '#Failed, last hour', '#Last minute', '#Completed, last hour']}
        >
          {failing.map(({ name, failedIn, completedIn }) => (
            <tr key={name}>
              <td>
                <Link to={`failures?name=${encodeURIComponent(name)}`}>{name}</Link>
              </td>
              <td class="number">
                <ListLink
                  filter={{ name, state: 'failed' }}
                  label={`${failedIn.hour} failed jobs of ${name}`}
                >
                  {count(failedIn.hour)}
                </ListLink>
              </td>
              <td class="number">{count(failedIn.minute)}</td>
              <td class="number">{count(completedIn.hour)}</td>
            </tr>
          ))}
        </Table>
      )}
    </>
  )
}

function Cards({
  counts,
  stored,
  oldest,
}: {
  readonly counts: Counts
  readonly stored: Stored
  readonly oldest: string | null
}) {
  const { wait, run } = counts
  return (
    <div class="cards">
      <Card what="waiting" many={stored.waiting} state="available,scheduled,retryable,blocked" />
      <Card what="running" many={stored.running} state="running" />
      <Card what="failed, kept" many={stored.failed} state="failed" kind={stored.failed > 0 ? 'bad' : ''} />
      <Card what="completed, kept" many={stored.completed} state="completed" />
      <div class="card">
        <span class="big">{oldest === null ? '–' : <Time at={oldest} />}</span>
        <ListLink filter={{ state: 'available' }} label="jobs that are due">
          oldest that is due
        </ListLink>
      </div>
      <div class="card">
        <span class="big">{wait === null ? '–' : duration(wait.p95)}</span>
        <span class="what">wait, 95 % (50 %: {wait === null ? '–' : duration(wait.p50)})</span>
      </div>
      <div class="card">
        <span class="big">{run === null ? '–' : duration(run.p95)}</span>
        <span class="what">run, 95 % (50 %: {run === null ? '–' : duration(run.p50)})</span>
      </div>
    </div>
  )
}

function Card({
  what,
  many,
  state,
  kind = '',
}: {
  readonly what: string
  readonly many: number
  readonly state: string
  readonly kind?: string
}) {
  return (
    <div class="card">
      <span class={`big ${kind}`}>
        <ListLink filter={{ state }} label={`${many} jobs: ${what}`}>
          {count(many)}
        </ListLink>
      </span>
      <span class="what">{what}</span>
    </div>
  )
}

function Throughput({
  series,
  counts,
  at,
}: {
  readonly series: Series
  readonly counts: Counts
  readonly at: string
}) {
  const [span, setSpan] = useState<Span>('minute')
  const done = counts.completedIn[span]
  const failed = counts.failedIn[span]
  const since = new Date(Date.parse(at) - AGO[span]).toISOString()
  return (
    <section class="panel" style={{ marginTop: '12px' }} aria-label="Throughput">
      <div class="row">
        <strong>Throughput</strong>
        {(Object.keys(SPANS) as Span[]).map((one) => (
          <button key={one} type="button" aria-pressed={span === one} onClick={() => setSpan(one)}>
            {SPANS[one]}
          </button>
        ))}
        <span>
          <ListLink
            filter={{ state: 'completed', finishedAfter: since }}
            label="completed jobs that are kept"
          >
            {count(done)} completed
          </ListLink>{' '}
          ({rate(done, AGO[span])}),{' '}
          <ListLink filter={{ state: 'failed', finishedAfter: since }} label="failed jobs that are kept">
            {count(failed)} failed
          </ListLink>
        </span>
      </div>
      <Chart
        parts={series[span]}
        at={series.at}
        label={`${done} jobs completed and ${failed} failed in the ${SPANS[span]}`}
      />
    </section>
  )
}

function Nodes({ nodes }: { readonly nodes: readonly OverviewNode[] }) {
  if (nodes.length === 0)
    return (
      <Empty command="jr web --node 127.0.0.1:5001">
        No node has connected yet. Nodes are named when this is started:
      </Empty>
    )
  return (
    <Table
      caption="Nodes"
      head={['Node', 'Status', '#Waiting', '#Running', '#Room', '#Children', '#Memory', 'Store']}
    >
      {nodes.map(({ node, status, waiting, running, slots, children, memory, fine, paused, draining }) => (
        <tr key={node}>
          <td>
            <Link to={pathOf('nodes', node)}>{node}</Link>
          </td>
          <td class={status === 'running' && !paused && !draining ? 'ok' : 'warn'}>
            {draining ? 'draining' : paused ? 'paused' : status}
          </td>
          <td class="number">
            <ListLink
              filter={{ node, state: 'available,scheduled,retryable,blocked' }}
              label={`${waiting} jobs wait on ${node}`}
            >
              {waiting === undefined ? '–' : count(waiting)}
            </ListLink>
          </td>
          <td class="number">
            <ListLink filter={{ node, state: 'running' }} label={`${running} jobs run on ${node}`}>
              {running === undefined ? '–' : count(running)}
            </ListLink>
          </td>
          <td class="number">{slots ?? '–'}</td>
          <td class="number">
            <Link to={pathOf('nodes', node)} label={`children of ${node}`}>
              {children ?? '–'}
            </Link>
          </td>
          <td class="number">{memory === undefined ? '–' : bytes(memory)}</td>
          <td class={fine === false ? 'bad' : 'ok'}>
            {fine === undefined ? '–' : fine ? 'fine' : 'in trouble'}
          </td>
        </tr>
      ))}
    </Table>
  )
}

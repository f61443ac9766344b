import { useState } from 'preact/hooks'
import { send } from '../api.js'
import { useApp } from '../app-state.js'
import { Dialog, Field } from '../dialog.js'
import { count, duration, limits } from '../format.js'
import { Act, Empty, ListLink, Table, Trouble } from '../parts.js'
import { pathOf } from '../router.js'
import type { Name } from '../types.js'
import { useLoad } from '../use.js'

interface Names {
  readonly names: readonly Name[]
}

/** The names of jobs: how many, how fast, and what holds for them. */
export function NamesPage() {
  const { tick, service } = useApp()
  const { data, error, reload } = useLoad<Names>('names', tick)
  const [limiting, setLimiting] = useState<Name | null>(null)
  const head = [
    'Name',
    '#Waiting',
    '#Running',
    '#Done/min',
    '#/h',
    '#Failed/h',
    '#Wait 95 %',
    '#Run 95 %',
    'Limits',
    'Paused',
  ]
  return (
    <>
      <h1>Names</h1>
      <Trouble error={error} />
      {data === null ? null : data.names.length === 0 ? (
        <Empty command="job('resize', (args) => { … })">No node knows a job yet. A job file has it:</Empty>
      ) : (
        <Table caption="Names of jobs" head={service.rights.write ? [...head, 'Do'] : head}>
          {data.names.map((one) => (
            <Row key={one.name} one={one} reload={reload} limit={() => setLimiting(one)} />
          ))}
        </Table>
      )}
      {limiting === null ? null : (
        <LimitsDialog of={limiting} close={() => setLimiting(null)} reload={reload} />
      )}
    </>
  )
}

function Row({
  one,
  reload,
  limit,
}: {
  readonly one: Name
  readonly reload: () => void
  readonly limit: () => void
}) {
  const { service } = useApp()
  const { name, counts, nodes, paused } = one
  const act = (verb: 'pause' | 'resume') => async () => {
    await send('POST', pathOf('names', name, verb))
    reload()
  }
  const shown = [...new Set(nodes.map((node) => limits(node.limits)))]
  const groups = [...new Set(nodes.flatMap(({ pausedGroups }) => pausedGroups.map(({ group }) => group)))]
  return (
    <tr>
      <td>
        <ListLink filter={{ name }} label={`jobs of ${name}`}>
          {name}
        </ListLink>
        {nodes.some(({ known }) => known) ? null : <span class="warn"> (no child knows it)</span>}
      </td>
      <td class="number">
        <ListLink
          filter={{ name, state: 'available,scheduled,retryable,blocked' }}
          label={`jobs of ${name} that wait`}
        >
          {count(counts?.waiting ?? 0)}
        </ListLink>
      </td>
      <td class="number">
        <ListLink filter={{ name, state: 'running' }} label={`jobs of ${name} that run`}>
          {count(counts?.running ?? 0)}
        </ListLink>
      </td>
      <td class="number">{count(counts?.completedIn.minute ?? 0)}</td>
      <td class="number">{count(counts?.completedIn.hour ?? 0)}</td>
      <td class="number">
        <ListLink filter={{ name, state: 'failed' }} label={`failed jobs of ${name}`}>
          {count(counts?.failedIn.hour ?? 0)}
        </ListLink>
      </td>
      <td class="number">{counts?.wait ? duration(counts.wait.p95) : '–'}</td>
      <td class="number">{counts?.run ? duration(counts.run.p95) : '–'}</td>
      <td>{shown.length === 0 ? '–' : shown.join('; or ')}</td>
      <td class={paused === 'none' ? 'dim' : 'warn'}>
        {paused === 'none' ? 'no' : paused === 'all' ? 'yes' : 'on some nodes'}
        {groups.length === 0 ? '' : `; groups ${groups.join(', ')}`}
      </td>
      {service.rights.write ? (
        <td>
          <div class="row">
            {paused === 'none' ? (
              <Act run={act('pause')} done={`${name} is paused`} label={`Pause ${name}`}>
                Pause
              </Act>
            ) : (
              <Act run={act('resume')} done={`${name} goes on`} label={`Resume ${name}`}>
                Resume
              </Act>
            )}
            <button type="button" onClick={limit} aria-label={`Limits of ${name}`}>
              Limits
            </button>
          </div>
        </td>
      ) : null}
    </tr>
  )
}

function LimitsDialog({
  of,
  close,
  reload,
}: {
  readonly of: Name
  readonly close: () => void
  readonly reload: () => void
}) {
  const { say } = useApp()
  const before = (of.nodes[0]?.limits ?? {}) as {
    concurrency?: number
    rate?: { limit: number; per: string }
  }
  const [concurrency, setConcurrency] = useState(String(before.concurrency ?? ''))
  const [limit, setLimit] = useState(String(before.rate?.limit ?? ''))
  const [per, setPer] = useState(before.rate?.per ?? '1m')
  const set = async () => {
    const own = { ...of.nodes[0]?.limits }
    delete own.concurrency
    delete own.rate
    const limits = {
      ...own,
      ...(concurrency === '' ? {} : { concurrency: Number(concurrency) }),
      ...(limit === '' ? {} : { rate: { limit: Number(limit), per } }),
    }
    await send('PUT', pathOf('names', of.name, 'limits'), { limits })
    say(`${of.name} has other limits`)
    reload()
  }
  return (
    <Dialog title={`Limits of ${of.name}, on each node`} yes="Set" onYes={set} onClose={close}>
      <Field label="Jobs at once (empty: any number)" min={1} value={concurrency} onChange={setConcurrency} />
      <Field label="Jobs that begin (empty: any number)" min={1} value={limit} onChange={setLimit} />
      <Field label="in any span of" value={per} onChange={setPer} />
    </Dialog>
  )
}

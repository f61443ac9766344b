import { useEffect, useState } from 'preact/hooks'
import { send } from '../api.js'
import { useApp } from '../app-state.js'
import { Attempts } from '../attempts.js'
import { FlowTree } from '../flow-tree.js'
import { json } from '../format.js'
import { EditDialog, EnqueueDialog } from '../job-dialogs.js'
import { listen } from '../live.js'
import { Act, Empty, Facts, Json, ListLink, Pre, StateMark, Table, Time, Trouble } from '../parts.js'
import { go, Link, pathOf } from '../router.js'
import type { Flow, LoadedJob } from '../types.js'
import { useLoad } from '../use.js'

const ENDED = ['completed', 'failed', 'cancelled']

/** One job, as it changes. */
export function JobPage({ id }: { readonly id: string }) {
  const { data, error, reload: again } = useLoad<LoadedJob>(pathOf('jobs', id))
  const [live, setLive] = useState<LoadedJob | null>(null)
  const reload = () => {
    setLive(null)
    again()
  }
  const [progress, setProgress] = useState<unknown>()
  const [gone, setGone] = useState(false)
  useEffect(() => {
    setLive(null)
    setProgress(undefined)
    setGone(false)
    return listen(
      `events?job=${encodeURIComponent(id)}`,
      (event, data) => {
        if (event === 'progress') setProgress((data as { value: unknown }).value)
        if (event !== 'job') return
        setGone(data === null)
        if (data !== null) setLive(data as LoadedJob)
      },
      () => {},
    )
  }, [id])
  const job = live?.id === id ? live : data
  if (job === null) {
    return (
      <>
        <h1 class="mono">{id}</h1>
        <Trouble error={error} />
      </>
    )
  }
  return (
    <>
      <h1>
        {job.name} <span class="mono dim">{id}</span>
      </h1>
      {gone ? (
        <p class="empty">
          It has ended and is not kept: this is what was seen last. With keepResult it stays.
        </p>
      ) : null}
      <div class="row">
        <StateMark state={job.state} />
        {job.waits === null ? null : <span class="warn">{job.waits.text}</span>}
      </div>
      {gone ? null : <Acts job={job} reload={reload} />}
      <h2>Facts</h2>
      <section class="panel" aria-label="Facts">
        <Facts of={factsOf(job)} />
      </section>
      {progress === undefined && job.progress == null ? null : <Progress value={progress ?? job.progress} />}
      <Errors job={job} />
      <Attempts attempts={job.attempts ?? []} />
      {job.redacted === true ? (
        <Empty>Args, result, log and errors are not shown: you have no right to see them.</Empty>
      ) : (
        <>
          <h2>Args</h2>
          <Json value={job.args ?? {}} label="Args" />
          {job.result == null ? null : (
            <>
              <h2>Result</h2>
              <Json value={job.result} label="Result" />
            </>
          )}
          <Log job={job} />
        </>
      )}
      {typeof job.terms.flow === 'object' && job.terms.flow !== null ? (
        <OfFlow id={String((job.terms.flow as { id?: unknown }).id)} current={id} />
      ) : null}
    </>
  )
}

function factsOf(job: LoadedJob): [string, preact.ComponentChildren][] {
  const { terms } = job
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
  const tags = Array.isArray(terms.tags) ? terms.tags.map(String) : []
  const others = Object.entries(terms).filter(
    ([name]) => !['tags', 'flow', 'group', 'headers'].includes(name),
  )
  return [
    [
      'Node',
      <Link key="node" to={pathOf('nodes', job.node)}>
        {job.node}
      </Link>,
    ],
    ['App', job.distributor],
    ['Enqueued', <Time key="enqueued" at={job.enqueuedAt} />],
    ['Due', <Time key="due" at={job.due} />],
    ['Began', <Time key="began" at={job.startedAt} />],
    ['Ended', <Time key="ended" at={job.finishedAt} />],
    ['Attempt', String(job.attempt)],
    ['Child', job.defer ? 'deferred' : 'evented'],
    ...tags.map((tag): [string, preact.ComponentChildren] => [
      'Tag',
      <ListLink key={tag} filter={{ tag }} label={`jobs with the tag ${tag}`}>
        {tag}
      </ListLink>,
    ]),
    ...(typeof terms.group === 'string'
      ? [
          [
            'Group',
            <ListLink key="group" filter={{ group: terms.group }} label={`jobs of the group ${terms.group}`}>
              {terms.group}
            </ListLink>,
          ] as [string, preact.ComponentChildren],
        ]
      : []),
    ...others.map(([name, value]): [string, string] => [name, text(value)]),
  ]
}

function Acts({ job, reload }: { readonly job: LoadedJob; readonly reload: () => void }) {
  const { service } = useApp()
  const [open, setOpen] = useState<'edit' | 'again' | null>(null)
  const { id, state } = job
  const act = (verb: string) => async () => {
    await send('POST', pathOf('jobs', id, verb))
    if (verb === 'destroy') go('jobs')
    else reload()
  }
  if (!service.rights.write) return null
  const ended = ENDED.includes(state)
  return (
    <div class="row">
      {ended ? (
        <Act run={act('retry')} done="It runs again" kind="main">
          Retry
        </Act>
      ) : null}
      {state === 'scheduled' || state === 'retryable' ? (
        <Act run={act('run')} done="It is due now">
          Run now
        </Act>
      ) : null}
      {ended ? null : (
        <Act run={act('cancel')} done="It is cancelled" kind="danger">
          Cancel
        </Act>
      )}
      {ended || state === 'running' || job.redacted === true ? null : (
        <button type="button" onClick={() => setOpen('edit')}>
          Edit
        </button>
      )}
      {job.redacted === true ? null : (
        <button type="button" onClick={() => setOpen('again')}>
          Enqueue again
        </button>
      )}
      <Act run={act('destroy')} done="It is gone" kind="danger">
        Destroy
      </Act>
      {open === 'edit' ? <EditDialog job={job} close={() => setOpen(null)} reload={reload} /> : null}
      {open === 'again' ? <EnqueueDialog job={job} close={() => setOpen(null)} /> : null}
    </div>
  )
}

/** A number from 0 to 100, or 0 to 1, is shown as a bar, whatever else the job tells. */
function Progress({ value }: { readonly value: unknown }) {
  const number = typeof value === 'number' && value >= 0 && value <= 100 ? value : null
  return (
    <>
      <h2>Progress</h2>
      <section class="panel" aria-label="Progress">
        {number === null ? (
          <Json value={value} label="Progress" />
        ) : (
          <progress max={100} value={number} aria-label="Progress" />
        )}
        {number === null ? null : <span>{number} %</span>}
      </section>
    </>
  )
}

function Errors({ job }: { readonly job: LoadedJob }) {
  const { lastError, lastCode, lastStack } = job
  if (lastError == null && lastCode === '') return null
  return (
    <>
      <h2>Last error</h2>
      <p class="trouble">
        {lastError ?? ''} {lastCode === '' ? '' : `(${lastCode})`}
      </p>
      {lastStack ? <Pre label="Stack">{lastStack}</Pre> : null}
    </>
  )
}

function Log({ job: { log = [] } }: { readonly job: LoadedJob }) {
  if (log.length === 0) return null
  return (
    <>
      <h2>Log</h2>
      <Table caption="Lines of its log" head={['Time', '#Attempt', 'Level', 'Text', 'Facts']}>
        {log.map(({ at, attempt, level, text, facts }, i) => (
          <tr key={i}>
            <td>
              <Time at={at} />
            </td>
            <td class="number">{attempt}</td>
            <td class={level === 'error' ? 'bad' : level === 'warn' ? 'warn' : ''}>{level}</td>
            <td class="text">{text}</td>
            <td class="text mono">{Object.keys(facts).length === 0 ? '' : json(facts)}</td>
          </tr>
        ))}
      </Table>
    </>
  )
}

function OfFlow({ id, current }: { readonly id: string; readonly current: string }) {
  const { tick } = useApp()
  const { data } = useLoad<Flow>(pathOf('flows', id), tick)
  if (data === null) return null
  return (
    <>
      <h2>
        Its flow: <Link to={pathOf('flows', id)}>{id}</Link>
      </h2>
      <FlowTree flow={data} current={current} />
    </>
  )
}

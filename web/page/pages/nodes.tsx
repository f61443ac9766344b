import { useState } from 'preact/hooks'
import { send } from '../api.js'
import { useApp } from '../app-state.js'
import { Dialog, Field } from '../dialog.js'
import { bytes, count } from '../format.js'
import type { Child, NodeShown } from '../node-types.js'
import { Act, Empty, Facts, JobLink, ListLink, Table, Time, Trouble } from '../parts.js'
import { Link, pathOf } from '../router.js'
import { useLoad } from '../use.js'

/** The nodes, what they do, and their children. */
export function NodesPage({ only }: { readonly only?: string }) {
  const { tick } = useApp()
  const { data, error, reload } = useLoad<{ nodes: readonly NodeShown[] }>('nodes', tick)
  const nodes = data?.nodes.filter(({ node }) => only === undefined || node === only) ?? []
  return (
    <>
      <h1>{only === undefined ? 'Nodes' : `Node ${only}`}</h1>
      {only === undefined ? null : (
        <p>
          <Link to="nodes">All nodes</Link>
        </p>
      )}
      <Trouble error={error} />
      {data !== null && nodes.length === 0 ? (
        <Empty command="jr node --name worker_1 --listen 127.0.0.1:5001">
          No such node has connected. This starts one:
        </Empty>
      ) : null}
      {nodes.map((node) => (
        <One key={node.node} of={node} reload={reload} />
      ))}
    </>
  )
}

function One({ of, reload }: { readonly of: NodeShown; readonly reload: () => void }) {
  const { node, connection, children = [], paused, draining, store } = of
  const [resizing, setResizing] = useState(false)
  const { service } = useApp()
  const post =
    (verb: string, body = {}) =>
    async () => {
      await send('POST', pathOf('nodes', node, verb), body)
      reload()
    }
  const away = connection.status === 'disconnected'
  const running = children.reduce((sum, { runningCount }) => sum + runningCount, 0)
  return (
    <section class="panel" style={{ marginBottom: '14px' }} aria-label={`Node ${node}`}>
      <h2>
        <Link to={pathOf('nodes', node)}>{node}</Link>{' '}
        <span class={away || paused || draining ? 'warn' : 'ok'}>
          {away
            ? 'disconnected'
            : draining
              ? `draining, by ${draining.by}`
              : paused
                ? `paused by ${paused.by}`
                : connection.status}
        </span>
      </h2>
      {away ? (
        <p class="dim">Its jobs wait on its disk until it is back.</p>
      ) : (
        <>
          <Facts
            of={[
              ['Runs', `${count(running)} of ${connection.slots}`],
              [
                'Waiting',
                <ListLink
                  key="waiting"
                  filter={{ node, state: 'available,scheduled,retryable,blocked' }}
                  label={`jobs that wait on ${node}`}
                >
                  its jobs that wait
                </ListLink>,
              ],
              ['Started', <Time key="started" at={of.startedAt} />],
              ['Process', `${of.pid ?? '–'}, Node ${of.runtime ?? '–'}, job-reactor ${of.version ?? '–'}`],
              ['Memory', of.memory === undefined ? '–' : bytes(of.memory)],
              ['Store', store === undefined ? '–' : `${store.kind}: ${store.fine ? 'fine' : store.error}`],
            ]}
          />
          {service.rights.write ? (
            <div class="row">
              {paused ? (
                <Act run={post('resume')} done={`${node} goes on`}>
                  Resume
                </Act>
              ) : (
                <Act run={post('pause')} done={`${node} is paused`}>
                  Pause
                </Act>
              )}
              {draining ? (
                <Act run={post('drain', { on: false })} done={`${node} takes jobs again`}>
                  Take jobs again
                </Act>
              ) : (
                <Act run={post('drain', { on: true })} done={`${node} takes no new jobs`}>
                  Drain
                </Act>
              )}
              <button type="button" onClick={() => setResizing(true)}>
                Number of children
              </button>
            </div>
          ) : null}
          <Children node={node} all={children} reload={reload} />
        </>
      )}
      {resizing ? <ResizeDialog of={of} close={() => setResizing(false)} reload={reload} /> : null}
    </section>
  )
}

function Children({
  node,
  all,
  reload,
}: {
  readonly node: string
  readonly all: readonly Child[]
  readonly reload: () => void
}) {
  const { service } = useApp()
  const head = ['#Child', 'Kind', 'State', '#Memory', 'Since', '#Runs', 'Jobs']
  return (
    <Table caption={`Children of ${node}`} head={service.rights.write ? [...head, 'Do'] : head}>
      {all.map(({ pid, kind, state, memory, startedAt, runningCount, running }) => (
        <tr key={pid}>
          <td class="number">{pid}</td>
          <td>{kind}</td>
          <td>{state}</td>
          <td class="number">{memory === null ? '–' : bytes(memory)}</td>
          <td>
            <Time at={startedAt} />
          </td>
          <td class="number">{count(runningCount)}</td>
          <td class="text">
            {running.slice(0, 5).map(({ id, name }) => (
              <div key={id}>
                {name} <JobLink id={id} />
              </div>
            ))}
            {runningCount > 5 ? <span class="dim">and {count(runningCount - 5)} more</span> : null}
          </td>
          {service.rights.write ? (
            <td>
              <Act
                run={async () => {
                  await send('POST', pathOf('nodes', node, 'children', String(pid), 'recycle'))
                  reload()
                }}
                done={`Child ${pid} is replaced when it has ended its jobs`}
                label={`Replace child ${pid}`}
              >
                Replace
              </Act>
            </td>
          ) : null}
        </tr>
      ))}
    </Table>
  )
}

function ResizeDialog({
  of,
  close,
  reload,
}: {
  readonly of: NodeShown
  readonly close: () => void
  readonly reload: () => void
}) {
  const { say } = useApp()
  const { children: evented = 0, deferred = 0 } = of.most ?? {}
  const [children, setChildren] = useState(String(evented))
  const [others, setOthers] = useState(String(deferred))
  const set = async () => {
    await send('PUT', pathOf('nodes', of.node, 'children'), {
      children: Number(children),
      deferred: Number(others),
    })
    say(`${of.node} has ${children} evented and ${others} deferred children`)
    reload()
  }
  return (
    <Dialog title={`Children of ${of.node}, until it is started again`} yes="Set" onYes={set} onClose={close}>
      <Field label="Evented: many jobs at once on each" min={0} value={children} onChange={setChildren} />
      <Field label="Deferred: one job at a time on each" min={0} value={others} onChange={setOthers} />
    </Dialog>
  )
}

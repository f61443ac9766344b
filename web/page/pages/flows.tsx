import { send } from '../api.js'
import { useApp } from '../app-state.js'
import { FlowTree } from '../flow-tree.js'
import { count } from '../format.js'
import { Act, Empty, Table, Trouble } from '../parts.js'
import { go, Link, pathOf, usePlace } from '../router.js'
import { type Flow, STATES } from '../types.js'
import { useLoad } from '../use.js'

type Listed = Pick<Flow, 'id' | 'node' | 'counts'>

/** The flows that have not ended. */
export function FlowsPage() {
  const { tick } = useApp()
  const after = usePlace().query.get('after')
  const path = after === null ? 'flows' : `flows?after=${encodeURIComponent(after)}`
  const { data, error } = useLoad<{ flows: readonly Listed[]; next: string | null }>(path, tick)
  return (
    <>
      <h1>Flows</h1>
      <Trouble error={error} />
      {data === null ? null : data.flows.length === 0 ? (
        <Empty command="JR.flow({ jobs: { fetch: { name: 'fetch' }, resize: { name: 'resize', needs: ['fetch'] } } })">
          No flow is under way. An app makes one:
        </Empty>
      ) : (
        <Table caption="Flows that have not ended" head={['Flow', 'Node', 'Jobs']}>
          {data.flows.map((flow) => (
            <tr key={flow.id}>
              <td>
                <Link to={pathOf('flows', flow.id)} class="mono">
                  {flow.id}
                </Link>
              </td>
              <td>{flow.node}</td>
              <td>{inWords(flow.counts)}</td>
            </tr>
          ))}
        </Table>
      )}
      {data?.next ? (
        <button type="button" onClick={() => go(`flows?after=${encodeURIComponent(data.next ?? '')}`)}>
          Next page
        </button>
      ) : null}
    </>
  )
}

function inWords(counts: Flow['counts']): string {
  return STATES.filter((state) => (counts[state] ?? 0) > 0)
    .map((state) => `${count(counts[state] ?? 0)} ${state}`)
    .join(', ')
}

export function FlowPage({ id }: { readonly id: string }) {
  const { tick } = useApp()
  const { data, error, reload } = useLoad<Flow>(pathOf('flows', id), tick)
  const cancel = async () => {
    await send('POST', pathOf('flows', id, 'cancel'))
    reload()
  }
  return (
    <>
      <h1>
        Flow <span class="mono">{id}</span>
      </h1>
      <Trouble error={error} />
      {data === null ? null : (
        <>
          <div class="row">
            <span>
              {inWords(data.counts)}, on <Link to={pathOf('nodes', data.node)}>{data.node}</Link>
            </span>
            <Act run={cancel} done="The flow is cancelled" kind="danger">
              Cancel flow
            </Act>
          </div>
          <FlowTree flow={data} />
        </>
      )}
    </>
  )
}

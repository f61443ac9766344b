import { useApp } from '../app-state.js'
import { bytes } from '../format.js'
import type { Change, NodeShown } from '../node-types.js'
import { Empty, Facts, Table, Time, Trouble } from '../parts.js'
import { useLoad } from '../use.js'

/** Where all is kept, with what the nodes were started, and who has changed what. */
export function SystemPage() {
  const { tick, service } = useApp()
  const nodes = useLoad<{ nodes: readonly NodeShown[] }>('nodes', tick)
  const audit = useLoad<{ changes: readonly Change[] }>('audit', tick)
  return (
    <>
      <h1>System</h1>
      <Trouble error={nodes.error} />
      <p class="dim">
        job-reactor {service.version}
        {service.readOnly ? ', read only' : ''}
        {service.user === null ? '' : `, you are ${service.user}`}
      </p>
      <h2>Changes made here</h2>
      {audit.data === null || audit.data.changes.length === 0 ? (
        <Empty>Nobody has changed anything here since this server was started.</Empty>
      ) : (
        <Table caption="Changes" head={['When', 'Who', 'From', 'What', 'Answered']}>
          {audit.data.changes.map(({ at, user, from, method, path, status }, i) => (
            <tr key={i}>
              <td>
                <Time at={at} />
              </td>
              <td>{user ?? '–'}</td>
              <td class="mono">{from}</td>
              <td class="mono text">
                {method} {path}
              </td>
              <td class={status < 400 ? 'ok' : 'bad'}>{status}</td>
            </tr>
          ))}
        </Table>
      )}
      {nodes.data?.nodes.map((one) => (
        <OfNode key={one.node} of={one} />
      ))}
    </>
  )
}

function OfNode({ of: { node, store, options = [], apps = [] } }: { readonly of: NodeShown }) {
  if (store === undefined) return null
  return (
    <>
      <h2>{node}</h2>
      <section class="panel" aria-label={`Store of ${node}`}>
        <Facts
          of={[
            ['Store', store.kind],
            [
              'Where',
              <span key="where" class="mono">
                {store.where}
              </span>,
            ],
            ['Size', store.bytes === null ? '–' : bytes(store.bytes)],
            ['Free on its disk', store.freeBytes === null ? '–' : bytes(store.freeBytes)],
            [
              'How it is',
              <span key="fine" class={store.fine ? 'ok' : 'bad'}>
                {store.fine ? 'fine' : store.error}
              </span>,
            ],
            ['Apps', apps.map(({ name }) => name).join(', ') || '–'],
          ]}
        />
      </section>
      <details>
        <summary>Its options</summary>
        <Table caption={`Options of ${node}`} head={['Option', 'Value', 'From']}>
          {options.map(({ name, value, source }) => (
            <tr key={name}>
              <td class="mono">{name}</td>
              <td class="mono text">{value}</td>
              <td class="dim">{source}</td>
            </tr>
          ))}
        </Table>
      </details>
    </>
  )
}

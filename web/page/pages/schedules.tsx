import { send } from '../api.js'
import { useApp } from '../app-state.js'
import { count, when } from '../format.js'
import { Act, Empty, JobLink, ListLink, Table, Time, Trouble } from '../parts.js'
import { pathOf } from '../router.js'
import type { Schedule } from '../types.js'
import { useLoad } from '../use.js'

/** What runs again and again. */
export function SchedulesPage() {
  const { tick, service } = useApp()
  const { data, error, reload } = useLoad<{ schedules: readonly Schedule[] }>('schedules', tick)
  const head = ['Schedule', 'Job', 'Runs', 'State', 'Next', 'Then', '#Runs so far', 'Last run', 'App', 'Node']
  return (
    <>
      <h1>Schedules</h1>
      <Trouble error={error} />
      {data === null ? null : data.schedules.length === 0 ? (
        <Empty command="JR.schedule('nightly', { cron: '0 3 * * *', timezone: 'Europe/Vienna' }, 'report')">
          There is no schedule. An app makes one:
        </Empty>
      ) : (
        <Table caption="Schedules" head={service.rights.write ? [...head, 'Do'] : head}>
          {data.schedules.map((one) => (
            <Row key={`${one.node} ${one.id}`} one={one} reload={reload} />
          ))}
        </Table>
      )}
    </>
  )
}

function Row({ one, reload }: { readonly one: Schedule; readonly reload: () => void }) {
  const { service } = useApp()
  const { id, name, state, next, runs, skipped, last, app, node } = one
  const act = (verb: string) => async () => {
    await send('POST', pathOf('schedules', id, verb))
    reload()
  }
  const remove = async () => {
    await send('DELETE', pathOf('schedules', id))
    reload()
  }
  return (
    <tr>
      <td>{id}</td>
      <td>
        <ListLink filter={{ name }} label={`jobs of ${name}`}>
          {name}
        </ListLink>
      </td>
      <td class="mono">{when(one.when)}</td>
      <td class={state === 'active' ? 'ok' : 'warn'}>{state}</td>
      <td>
        <Time at={next[0]} />
      </td>
      <td class="dim">
        {next.slice(1, 3).map((at) => (
          <div key={at}>{at.replace('T', ' ').slice(0, 16)} UTC</div>
        ))}
      </td>
      <td class="number">
        {count(runs)}
        {skipped === 0 ? '' : `, ${count(skipped)} left out`}
      </td>
      <td>{last === null ? <span class="dim">–</span> : <JobLink id={last} />}</td>
      <td>{app}</td>
      <td>{node}</td>
      {service.rights.write ? (
        <td>
          <div class="row">
            <Act run={act('run')} done={`${id} runs`} label={`Run now: ${id}`}>
              Run now
            </Act>
            {state === 'paused' ? (
              <Act run={act('resume')} done={`${id} goes on`} label={`Resume ${id}`}>
                Resume
              </Act>
            ) : (
              <Act run={act('pause')} done={`${id} is paused`} label={`Pause ${id}`}>
                Pause
              </Act>
            )}
            <Act run={remove} done={`${id} is removed`} kind="danger" label={`Remove ${id}`}>
              Remove
            </Act>
          </div>
        </td>
      ) : null}
    </tr>
  )
}

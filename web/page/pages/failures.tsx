import { useState } from 'preact/hooks'
import { send } from '../api.js'
import { useApp } from '../app-state.js'
import { Dialog } from '../dialog.js'
import { count } from '../format.js'
import { Empty, JobLink, ListLink, Table, Time, Trouble } from '../parts.js'
import { Link, usePlace } from '../router.js'
import type { FailureGroup, Failures } from '../types.js'
import { useLoad } from '../use.js'

/** What has failed, by name and error: the latest first. */
export function FailuresPage() {
  const { tick, service, say } = useApp()
  const name = usePlace().query.get('name')
  const { data, error, reload } = useLoad<Failures>(
    name === null ? 'failures' : `failures?name=${encodeURIComponent(name)}`,
    tick,
  )
  const [plan, setPlan] = useState<{ readonly group: FailureGroup; readonly many: number } | null>(null)
  const queryOf = (group: FailureGroup) => ({
    query: { name: [group.name], state: ['failed'], ...(group.code === '' ? {} : { code: group.code }) },
  })
  const ask = async (group: FailureGroup) => {
    try {
      const { count: many } = await send<{ count: number }>('POST', 'actions/retry', {
        ...queryOf(group),
        dryRun: true,
      })
      setPlan({ group, many })
    } catch (problem) {
      say(`Not done: ${(problem as Error).message}`)
    }
  }
  const retry = async (group: FailureGroup) => {
    const { count: many } = await send<{ count: number }>('POST', 'actions/retry', queryOf(group))
    say(`${count(many)} retried`)
    reload()
  }
  const head = ['Name', 'Error', 'Code', '#Jobs', 'First', 'Last', 'Such as']
  return (
    <>
      <h1>Failures{name === null ? '' : ` of ${name}`}</h1>
      {name === null ? null : (
        <p>
          <Link to="failures">All names</Link>
        </p>
      )}
      <Trouble error={error} />
      {data === null ? null : data.groups.length === 0 ? (
        <Empty>No failed job is kept.</Empty>
      ) : (
        <Table caption="Failed jobs by name and error" head={service.rights.write ? [...head, 'Do'] : head}>
          {data.groups.map((group) => (
            <tr key={`${group.name} ${group.code} ${group.message}`}>
              <td>{group.name}</td>
              <td class="text">{group.message}</td>
              <td class="mono">{group.code}</td>
              <td class="number">
                <ListLink
                  filter={{
                    name: group.name,
                    state: 'failed',
                    ...(group.code === '' ? {} : { code: group.code }),
                  }}
                  label={`${group.count} failed jobs of ${group.name}`}
                >
                  {count(group.count)}
                </ListLink>
              </td>
              <td>
                <Time at={group.first} />
              </td>
              <td>
                <Time at={group.last} />
              </td>
              <td>
                <JobLink id={group.example} />
              </td>
              {service.rights.write ? (
                <td>
                  <button
                    type="button"
                    onClick={() => ask(group)}
                    aria-label={`Retry all of ${group.name} like it`}
                  >
                    Retry
                  </button>
                </td>
              ) : null}
            </tr>
          ))}
        </Table>
      )}
      {data?.more ? <p class="dim">Only the first {count(data.looked)} failed jobs were looked at.</p> : null}
      {plan === null ? null : (
        <Dialog
          title={`Retry ${count(plan.many)} failed jobs of ${plan.group.name}`}
          yes={`Retry ${count(plan.many)}`}
          onYes={() => retry(plan.group)}
          onClose={() => setPlan(null)}
        >
          <p>
            All that failed with {plan.group.code === '' ? 'any code' : <code>{plan.group.code}</code>},
            whatever their messages say.
          </p>
        </Dialog>
      )}
    </>
  )
}

import { useEffect, useState } from 'preact/hooks'
import { send } from '../api.js'
import { useApp } from '../app-state.js'
import { Dialog } from '../dialog.js'
import { actQuery, filterOf, queryOf } from '../filters.js'
import { count } from '../format.js'
import { Filters } from '../job-filters.js'
import { Empty, JobLink, ListLink, StateMark, Table, Time, Trouble } from '../parts.js'
import { go, usePlace } from '../router.js'
import type { Job, JobPage } from '../types.js'
import { useLoad } from '../use.js'

const ACTS = { retry: 'Retry', run: 'Run now', cancel: 'Cancel', destroy: 'Destroy' } as const
type Act = keyof typeof ACTS
const DONE: Readonly<Record<Act, string>> = {
  retry: 'retried',
  run: 'made due',
  cancel: 'cancelled',
  destroy: 'destroyed',
}

interface Acted {
  readonly count: number
  readonly failed: readonly { readonly id?: string; readonly node?: string; readonly message: string }[]
}
/** What is about to be done, and to how many. */
interface Plan {
  readonly act: Act
  readonly body: object
  readonly many: number
}

/** The jobs that are so: what is asked for stands in the URL. */
export function JobsPage() {
  const { query } = usePlace()
  const { service, say, tick } = useApp()
  const filter = filterOf(query)
  const after = query.get('after') ?? ''
  const { data, error, loading, reload } = useLoad<JobPage>(
    `jobs${queryOf({ ...filter, after })}`,
    after === '' ? tick : '',
  )
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [plan, setPlan] = useState<Plan | null>(null)
  const where = query.toString()
  useEffect(() => setChosen(new Set()), [where])
  const jobs = data?.jobs ?? []
  const choose = (id: string, on: boolean) => {
    const next = new Set(chosen)
    if (on) next.add(id)
    else next.delete(id)
    setChosen(next)
  }
  const ask = async (act: Act) => {
    try {
      if (chosen.size > 0) return setPlan({ act, body: { ids: [...chosen] }, many: chosen.size })
      const body = actQuery(filter)
      const { count: many } = await send<Acted>('POST', `actions/${act}`, { ...body, dryRun: true })
      setPlan({ act, body, many })
    } catch (problem) {
      say(`Not done: ${(problem as Error).message}`)
    }
  }
  const doIt = async ({ act, body }: Plan) => {
    const { count: many, failed } = await send<Acted>('POST', `actions/${act}`, body)
    const [first] = failed
    say(`${count(many)} ${DONE[act]}${first === undefined ? '' : `; ${failed.length} not: ${first.message}`}`)
    setChosen(new Set())
    reload()
  }
  return (
    <>
      <h1>Jobs</h1>
      <Filters key={where} filter={filter} />
      <Trouble error={error} />
      {service.rights.write ? (
        <fieldset class="row" aria-label="Do to many">
          <span class="dim">{chosen.size > 0 ? `${chosen.size} chosen:` : 'All that match:'}</span>
          {(Object.keys(ACTS) as Act[]).map((act) => (
            <button
              key={act}
              type="button"
              class={act === 'destroy' ? 'danger' : 'plain'}
              onClick={() => ask(act)}
            >
              {ACTS[act]} {chosen.size > 0 ? 'chosen' : 'all'}
            </button>
          ))}
        </fieldset>
      ) : null}
      {data !== null && jobs.length === 0 && data.next !== null ? (
        <p>None among those that were looked at so far.</p>
      ) : data !== null && jobs.length === 0 ? (
        <Empty command={`jr enqueue ${filter.name ?? 'resize'} '{"file":"cat.png"}'`}>
          No job is so. This enqueues one:
        </Empty>
      ) : (
        <List
          jobs={jobs}
          chosen={chosen}
          choose={choose}
          chooseAll={(on) => setChosen(new Set(on ? jobs.map(({ id }) => id) : []))}
        />
      )}
      <div class="row">
        {after === '' ? null : (
          <button type="button" onClick={() => go(`jobs${queryOf(filter)}`)}>
            First page
          </button>
        )}
        {data?.next ? (
          <button type="button" onClick={() => go(`jobs${queryOf({ ...filter, after: data.next ?? '' })}`)}>
            {jobs.length === 0 ? 'Look on' : 'Next page'}
          </button>
        ) : null}
        {loading && data === null ? <span class="dim">Loading …</span> : null}
      </div>
      {plan === null ? null : (
        <Dialog
          title={`${ACTS[plan.act]}: ${count(plan.many)} ${plan.many === 1 ? 'job' : 'jobs'}`}
          yes={`${ACTS[plan.act]} ${count(plan.many)}`}
          danger={plan.act === 'destroy' || plan.act === 'cancel'}
          onYes={() => doIt(plan)}
          onClose={() => setPlan(null)}
        >
          <p>
            {plan.many === 0
              ? 'There is none to which this can be done.'
              : 'Jobs in a state to which it cannot be done are left as they are.'}
          </p>
        </Dialog>
      )}
    </>
  )
}

function List({
  jobs,
  chosen,
  choose,
  chooseAll,
}: {
  readonly jobs: readonly Job[]
  readonly chosen: ReadonlySet<string>
  readonly choose: (id: string, on: boolean) => void
  readonly chooseAll: (on: boolean) => void
}) {
  const { service } = useApp()
  const all = (
    <input
      type="checkbox"
      aria-label="Choose all of this page"
      checked={jobs.length > 0 && jobs.every(({ id }) => chosen.has(id))}
      onChange={(e) => chooseAll(e.currentTarget.checked)}
    />
  )
  const head = ['Job', 'Name', 'State', '#Attempt', 'Due', 'Node', 'Waits for, or last error']
  return (
    <Table caption="Jobs" head={service.rights.write ? [all, ...head] : head}>
      {jobs.map(({ id, name, state, attempt, due, finishedAt, node, waits, lastError, lastCode }) => (
        <tr key={id}>
          {service.rights.write ? (
            <td>
              <input
                type="checkbox"
                aria-label={`Choose ${id}`}
                checked={chosen.has(id)}
                onChange={(e) => choose(id, e.currentTarget.checked)}
              />
            </td>
          ) : null}
          <td>
            <JobLink id={id} />
          </td>
          <td>
            <ListLink filter={{ name }} label={`jobs of ${name}`}>
              {name}
            </ListLink>
          </td>
          <td>
            <StateMark state={state} />
          </td>
          <td class="number">{attempt}</td>
          <td>
            <Time at={finishedAt ?? due} />
          </td>
          <td>{node}</td>
          <td class="text">{waits?.text ?? lastError ?? lastCode}</td>
        </tr>
      ))}
    </Table>
  )
}

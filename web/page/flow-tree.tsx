import { JobLink, StateMark } from './parts.js'
import { branches } from './tree.js'
import type { Flow } from './types.js'

/** The jobs of a flow, each below the one that it needs. */
export function FlowTree({ flow, current }: { readonly flow: Flow; readonly current?: string }) {
  return (
    <ul class="tree panel" aria-label={`Jobs of the flow ${flow.id}`}>
      {branches(flow.jobs).map(({ job, depth, others }) => (
        <li key={job.key}>
          <span class="twig" aria-hidden="true">
            {depth === 0 ? '' : `${'   '.repeat(depth - 1)}└─ `}
          </span>
          <StateMark state={job.state} /> <strong>{job.key}</strong> {job.name}{' '}
          {job.id === current ? <span class="dim">this job</span> : <JobLink id={job.id} />}
          {others.length === 0 ? null : <span class="dim"> needs {others.join(', ')}, too</span>}
        </li>
      ))}
    </ul>
  )
}

import { duration } from './format.js'
import { Table, Time } from './parts.js'
import type { Attempt } from './types.js'

/** The attempts of a job, as a picture and as a table. */
export function Attempts({ attempts }: { readonly attempts: readonly Attempt[] }) {
  if (attempts.length === 0) return null
  const began = attempts.map(({ startedAt, finishedAt }) => Date.parse(startedAt ?? finishedAt))
  const from = Math.min(...began)
  const whole = Math.max(...attempts.map(({ finishedAt }) => Date.parse(finishedAt))) - from || 1
  return (
    <>
      <h2>Attempts</h2>
      <section class="panel timeline" aria-hidden="true">
        {attempts.map(({ number, finishedAt, error }, i) => {
          const at = ((began[i] ?? from) - from) / whole
          const long = (Date.parse(finishedAt) - (began[i] ?? from)) / whole
          return [
            <span key={`n${number}`}>{number}</span>,
            <svg
              key={`b${number}`}
              width="100%"
              height="14"
              preserveAspectRatio="none"
              viewBox="0 0 1000 14"
              role="presentation"
            >
              <rect x="0" y="6" width="1000" height="2" fill="var(--line)" />
              <rect
                x={at * 990}
                y="1"
                width={Math.max(10, long * 1000)}
                height="12"
                rx="2"
                fill={error === null ? 'var(--ok)' : 'var(--bad)'}
              />
            </svg>,
            <span key={`d${number}`}>{duration(Date.parse(finishedAt) - (began[i] ?? from))}</span>,
          ]
        })}
      </section>
      <Table caption="Attempts" head={['#Attempt', 'Node', '#Child', 'Began', '#Took', 'Ended with']}>
        {attempts.map(({ number, node, child, startedAt, finishedAt, error }) => (
          <tr key={`${number} ${finishedAt}`}>
            <td class="number">{number}</td>
            <td>{node}</td>
            <td class="number">{child === 0 ? '–' : child}</td>
            <td>
              <Time at={startedAt} />
            </td>
            <td class="number">
              {startedAt === null ? '–' : duration(Date.parse(finishedAt) - Date.parse(startedAt))}
            </td>
            <td class={error === null ? 'ok' : 'text bad'}>
              {error === null
                ? '✓ completed'
                : `✕ ${error.message ?? error.name} (${error.code || error.name})`}
            </td>
          </tr>
        ))}
      </Table>
    </>
  )
}

import { useEffect, useRef, useState } from 'preact/hooks'
import { type Filter, queryOf } from './filters.js'
import { takeWish } from './finding.js'
import { go } from './router.js'
import { STATES } from './types.js'

const TEXTS = ['name', 'text', 'tag', 'group', 'serial', 'code', 'node'] as const
const TIMES = ['enqueuedAfter', 'enqueuedBefore', 'finishedAfter', 'finishedBefore'] as const
const LABELS = {
  name: 'Name',
  text: 'Text in id or args',
  tag: 'Tag',
  group: 'Group',
  serial: 'Series',
  code: 'Error code',
  node: 'Node',
  enqueuedAfter: 'Enqueued from',
  enqueuedBefore: 'Enqueued before',
  finishedAfter: 'Ended from',
  finishedBefore: 'Ended before',
} as const

/** Which jobs are shown. */
export function Filters({ filter }: { readonly filter: Filter }) {
  const [given, setGiven] = useState<Filter>(filter)
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    if (takeWish()) form.current?.querySelector<HTMLInputElement>('input[name="text"]')?.focus()
  }, [])
  const several = given.state?.includes(',') === true
  const submit = (event: Event) => {
    event.preventDefault()
    go(`jobs${queryOf(given)}`)
  }
  return (
    <form ref={form} onSubmit={submit}>
      <div class="filters">
        <label>
          State
          <select
            value={given.state ?? ''}
            onChange={(e) => {
              const next = { ...given, state: e.currentTarget.value }
              setGiven(next)
              go(`jobs${queryOf(next)}`)
            }}
          >
            <option value="">any</option>
            {several ? <option value={given.state}>{given.state?.replaceAll(',', ', ')}</option> : null}
            {STATES.map((state) => (
              <option key={state} value={state}>
                {state}
              </option>
            ))}
          </select>
        </label>
        {TEXTS.map((name) => (
          <label key={name}>
            {LABELS[name]}
            <input
              name={name}
              value={given[name] ?? ''}
              onInput={(e) => setGiven({ ...given, [name]: e.currentTarget.value })}
            />
          </label>
        ))}
        {TIMES.map((name) => (
          <label key={name}>
            {LABELS[name]}
            <input
              type="datetime-local"
              name={name}
              value={given[name]?.slice(0, 16) ?? ''}
              onInput={(e) => {
                const { value } = e.currentTarget
                setGiven({ ...given, [name]: value === '' ? '' : new Date(value).toISOString() })
              }}
            />
          </label>
        ))}
      </div>
      <div class="row">
        <button type="submit" class="main">
          Find
        </button>
        <button type="button" onClick={() => go('jobs')}>
          Clear
        </button>
      </div>
    </form>
  )
}

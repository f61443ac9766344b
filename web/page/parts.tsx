import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { ApiError } from './api.js'
import { useApp } from './app-state.js'
import type { Filter } from './filters.js'
import { jobsPath } from './filters.js'
import { fromNow, json } from './format.js'
import { Link, pathOf } from './router.js'
import type { State } from './types.js'
import { useNow } from './use.js'

/** A time from now, with the exact one on demand. */
export function Time({ at }: { readonly at: string | null | undefined }) {
  const now = useNow()
  if (at === null || at === undefined) return <span class="dim">–</span>
  return (
    <time dateTime={at} title={at}>
      {fromNow(at, now)}
    </time>
  )
}

const SIGNS: Readonly<Record<State, string>> = {
  available: '○',
  running: '▶',
  scheduled: '◷',
  retryable: '↻',
  blocked: '⊘',
  failed: '✕',
  completed: '✓',
  cancelled: '–',
}

/** By a sign and its word, not by its colour alone. */
export function StateMark({ state }: { readonly state: State }) {
  return (
    <span class={`state ${state}`}>
      <span aria-hidden="true">{SIGNS[state]}</span> {state}
    </span>
  )
}

export function JobLink({ id, children }: { readonly id: string; readonly children?: ComponentChildren }) {
  return (
    <Link to={pathOf('jobs', id)} class="mono">
      {children ?? id}
    </Link>
  )
}

/** A number that leads to the jobs that it counts. */
export function ListLink({
  filter,
  children,
  label,
}: {
  readonly filter: Filter
  readonly children: ComponentChildren
  readonly label: string
}) {
  return (
    <Link to={jobsPath(filter)} label={label}>
      {children}
    </Link>
  )
}

export function Trouble({ error }: { readonly error: ApiError | null }) {
  if (error === null) return null
  return (
    <p class="trouble" role="alert">
      {error.message}
      {error.code === '' ? '' : ` (${error.code})`}
    </p>
  )
}

/** What is shown where there is nothing, and how something comes there. */
export function Empty({
  children,
  command,
}: {
  readonly children: ComponentChildren
  readonly command?: string
}) {
  return (
    <p class="empty">
      {children}
      {command === undefined ? null : (
        <>
          {' '}
          <code>{command}</code>
        </>
      )}
    </p>
  )
}

export function Table({
  caption,
  head,
  children,
}: {
  readonly caption: string
  /** A heading that begins with `#` stands over numbers. */
  readonly head: readonly ComponentChildren[]
  readonly children: ComponentChildren
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it can be wider than the page, and has to be scrolled by keys
    <section class="scroll" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {head.map((cell, i) => {
              const numbers = typeof cell === 'string' && cell.startsWith('#')
              return (
                <th key={i} scope="col" class={numbers ? 'number' : ''}>
                  {numbers ? cell.slice(1) : cell}
                </th>
              )
            })}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  )
}

/** Something that is done when it is clicked: says what became of it. Not shown to those who may not. */
export function Act({
  children,
  run,
  done,
  kind = 'plain',
  label,
}: {
  readonly children: ComponentChildren
  readonly run: () => Promise<unknown>
  /** What is said then. */
  readonly done: string
  readonly kind?: 'plain' | 'danger' | 'main'
  readonly label?: string
}) {
  const { service, say } = useApp()
  const [busy, setBusy] = useState(false)
  if (!service.rights.write) return null
  const click = async () => {
    setBusy(true)
    try {
      await run()
      say(done)
    } catch (error) {
      const { message, code = '' } = error as ApiError
      say(`Not done: ${message}${code === '' ? '' : ` (${code})`}`)
    } finally {
      setBusy(false)
    }
  }
  return (
    <button type="button" class={kind} onClick={click} disabled={busy} aria-label={label}>
      {children}
    </button>
  )
}

/** Text as it is, in lines: it may be wider than the page, and is scrolled by keys, too. */
export function Pre({ label, children }: { readonly label: string; readonly children: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    <section class="scroll" tabIndex={0} aria-label={label}>
      <pre>{children}</pre>
    </section>
  )
}

export function Json({ value, label }: { readonly value: unknown; readonly label: string }) {
  return <Pre label={label}>{json(value)}</Pre>
}

export function Facts({ of }: { readonly of: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

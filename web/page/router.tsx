import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { BASE } from './base.js'
import { partsOf } from './path-parts.js'

/** Where we are, below the base: the path's parts, and what follows the `?`. */
export interface Place {
  readonly parts: readonly string[]
  readonly query: URLSearchParams
}

const CHANGED = 'job-reactor:place'

function here(): Place {
  const parts = partsOf(location.pathname.slice(BASE.length))
  return { parts, query: new URLSearchParams(location.search) }
}

/** Goes there without loading anything anew. `path`: below the base. */
export function go(path: string, replace = false): void {
  history[replace ? 'replaceState' : 'pushState'](null, '', BASE + path)
  dispatchEvent(new Event(CHANGED))
}

export function usePlace(): Place {
  const [place, setPlace] = useState(here)
  useEffect(() => {
    const look = () => setPlace(here())
    addEventListener('popstate', look)
    addEventListener(CHANGED, look)
    return () => {
      removeEventListener('popstate', look)
      removeEventListener(CHANGED, look)
    }
  }, [])
  return place
}

/** The path of one thing: its id may have any letters. */
export function pathOf(...parts: readonly string[]): string {
  return parts.map(encodeURIComponent).join('/')
}

export function Link({
  to,
  children,
  current,
  class: className,
  label,
}: {
  readonly to: string
  readonly children: ComponentChildren
  readonly current?: boolean
  readonly class?: string
  /** What a number says to those who can't see what it stands beside. */
  readonly label?: string
}) {
  const click = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    go(to)
  }
  return (
    <a
      href={BASE + to}
      onClick={click}
      class={className}
      aria-current={current === true ? 'page' : undefined}
    >
      {children}
      {label === undefined ? null : <span class="unseen">: {label}</span>}
    </a>
  )
}

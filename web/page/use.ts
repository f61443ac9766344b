import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { ApiError, get } from './api.js'
import { type Line, listen } from './live.js'
import type { Overview } from './types.js'

export interface Loaded<T> {
  readonly data: T | null
  readonly error: ApiError | null
  readonly loading: boolean
  /** Loads it anew. */
  reload(): void
}

/**
 * What the API answers at a path: again when the path is another one, or `tick`, which waits for an answer that is under way. Shows what was
 * there until it is.
 */
export function useLoad<T>(path: string, tick: unknown = null): Loaded<T> {
  const [state, setState] = useState<{
    path: string
    data: T | null
    error: ApiError | null
    loading: boolean
  }>({
    path,
    data: null,
    error: null,
    loading: true,
  })
  const [times, setTimes] = useState(0)
  const under = useRef<'nothing' | 'way' | 'way, and again'>('nothing')
  const reload = useCallback(() => setTimes((before) => before + 1), [])
  useEffect(() => {
    const gone = new AbortController()
    const done = () => {
      const again = under.current === 'way, and again'
      under.current = 'nothing'
      if (again) reload()
    }
    under.current = 'way'
    setState((before) => ({
      ...before,
      data: before.path === path ? before.data : null,
      path,
      loading: true,
    }))
    get<T>(path, gone.signal).then(
      (data) => {
        if (gone.signal.aborted) return
        setState({ path, data, error: null, loading: false })
        done()
      },
      (error) => {
        if (gone.signal.aborted) return
        const known = error instanceof ApiError ? error : new ApiError(0, '', String(error))
        setState((before) => ({ ...before, error: known, loading: false }))
        done()
      },
    )
    return () => gone.abort()
  }, [path, times, reload])
  const seen = useRef(tick)
  useEffect(() => {
    if (seen.current === tick) return
    seen.current = tick
    if (under.current === 'nothing') reload()
    else under.current = 'way, and again'
  }, [tick, reload])
  const { data, error, loading } = state
  return { data: state.path === path ? data : null, error, loading, reload }
}

/** The overview as it changes, and how it is with the line. */
export function useOverview(open: boolean): {
  readonly overview: Overview | null
  readonly line: Line
  readonly tick: number
} {
  const [overview, setOverview] = useState<Overview | null>(null)
  const [line, setLine] = useState<Line>('quiet')
  const tick = useRef(0)
  useEffect(() => {
    if (!open) return
    return listen(
      'events',
      (event, data) => {
        if (event !== 'overview') return
        tick.current++
        setOverview(data as Overview)
      },
      setLine,
    )
  }, [open])
  return { overview, line, tick: tick.current }
}

/** A clock for what is said as a time from now. */
export function useNow(everyMs = 5000): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(Date.now())
    }, everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}

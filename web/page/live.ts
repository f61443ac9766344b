import { events } from './api.js'

const AGAIN_MS = 2000

/** How it is with the line to the server. */
export type Line = 'live' | 'away' | 'quiet'

/**
 * Listens as long as the tab is seen, and connects again when the line is lost. Answers how to stop.
 */
export function listen(
  path: string,
  on: (event: string, data: unknown) => void,
  tell: (line: Line) => void,
): () => void {
  let current: AbortController | null = null
  let timer = 0
  const open = () => {
    if (document.hidden || current !== null) return
    const mine = new AbortController()
    current = mine
    const heard = (event: string, data: unknown) => {
      tell('live')
      on(event, data)
    }
    const lost = () => {
      if (current !== mine) return
      current = null
      tell('away')
      timer = window.setTimeout(open, AGAIN_MS)
    }
    events(path, mine.signal, heard).then(lost, lost)
  }
  const close = () => {
    window.clearTimeout(timer)
    current?.abort()
    current = null
  }
  const seen = () => {
    if (!document.hidden) return open()
    close()
    tell('quiet')
  }
  document.addEventListener('visibilitychange', seen)
  open()
  return () => {
    document.removeEventListener('visibilitychange', seen)
    close()
  }
}

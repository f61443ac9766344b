import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Overview, Service } from './types.js'

/** What all pages know. */
export interface AppState {
  readonly service: Service
  readonly overview: Overview | null
  /** Goes up when something has changed: what pages load they load again. */
  readonly tick: number
  /** Says what was done, to eyes and to screen readers. */
  say(text: string): void
}

export const App = createContext<AppState | null>(null)

export function useApp(): AppState {
  const app = useContext(App)
  if (app === null) throw new Error('a page is outside the app')
  return app
}

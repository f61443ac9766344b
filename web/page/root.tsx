import { useEffect, useRef, useState } from 'preact/hooks'
import { get, setToken, whenLocked } from './api.js'
import { App } from './app-state.js'
import { KeysDialog, useKeys } from './keys.js'
import type { Line } from './live.js'
import { FailuresPage } from './pages/failures.js'
import { FlowPage, FlowsPage } from './pages/flows.js'
import { JobPage } from './pages/job.js'
import { JobsPage } from './pages/jobs.js'
import { NamesPage } from './pages/names.js'
import { NodesPage } from './pages/nodes.js'
import { OverviewPage } from './pages/overview.js'
import { SchedulesPage } from './pages/schedules.js'
import { SystemPage } from './pages/system.js'
import { Link, type Place, usePlace } from './router.js'
import { setTheme, type Theme, theme } from './theme.js'
import type { Service } from './types.js'
import { useOverview } from './use.js'

const PAGES = {
  '': 'Overview',
  names: 'Names',
  jobs: 'Jobs',
  failures: 'Failures',
  schedules: 'Schedules',
  flows: 'Flows',
  nodes: 'Nodes',
  system: 'System',
} as const

const LINES: Readonly<Record<Line, string>> = {
  live: '● live',
  away: '○ the server is away; trying again',
  quiet: '○ connecting',
}

/** All of it: the token, if one is asked for, and then the pages. */
export function Root() {
  const [service, setService] = useState<Service | null>(null)
  const [locked, setLocked] = useState(false)
  const [trouble, setTrouble] = useState('')
  const [times, setTimes] = useState(0)
  useEffect(() => {
    whenLocked(() => setLocked(true))
    get<Service>('').then(
      (found) => {
        setService(found)
        setLocked(false)
        setTrouble('')
      },
      (error) => setTrouble((error as Error).message),
    )
  }, [times])
  if (locked) return <Lock tried={times > 0} trouble={trouble} again={() => setTimes(times + 1)} />
  if (service !== null) return <Pages service={service} />
  return (
    <main class="lock">
      <h1>job-reactor</h1>
      {trouble === '' ? <p>Loading …</p> : <p role="alert">{trouble}</p>}
      {trouble === '' ? null : (
        <button type="button" onClick={() => setTimes(times + 1)}>
          Try again
        </button>
      )}
    </main>
  )
}

function Lock({
  tried,
  trouble,
  again,
}: {
  readonly tried: boolean
  readonly trouble: string
  readonly again: () => void
}) {
  const [token, setGiven] = useState('')
  const submit = (event: Event) => {
    event.preventDefault()
    setToken(token.trim())
    again()
  }
  return (
    <main class="lock">
      <h1>job-reactor</h1>
      <form onSubmit={submit}>
        <p class="field">
          <input type="text" autocomplete="username" value="token" readOnly hidden />
          <label>
            Token
            <input
              type="password"
              autocomplete="current-password"
              value={token}
              onInput={(e) => setGiven(e.currentTarget.value)}
            />
          </label>
        </p>
        {tried ? (
          <p role="alert">That is not the token. {trouble}</p>
        ) : (
          <p class="dim">
            It is in the file that the server was given. This tab keeps it until it is closed.
          </p>
        )}
        <button type="submit" class="main">
          Go on
        </button>
      </form>
    </main>
  )
}

function Pages({ service }: { readonly service: Service }) {
  const place = usePlace()
  const { overview, line, tick } = useOverview(true)
  const [said, setSaid] = useState('')
  const timer = useRef(0)
  const main = useRef<HTMLElement>(null)
  const keys = useKeys()
  const say = (text: string) => {
    setSaid(text)
    clearTimeout(timer.current)
    timer.current = window.setTimeout(() => setSaid(''), 8000)
  }
  const [page = ''] = place.parts
  useEffect(() => {
    document.title = `${PAGES[page as keyof typeof PAGES] ?? 'Not found'} · job-reactor`
  }, [page])
  return (
    <App.Provider value={{ service, overview, tick, say }}>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the page
      </button>
      <header class="top">
        <strong>job-reactor</strong>
        <nav aria-label="Pages">
          {Object.entries(PAGES).map(([to, name]) => (
            <Link key={to} to={to} current={page === to}>
              {name}
            </Link>
          ))}
        </nav>
        <div class="end">
          <span role="status">{LINES[line]}</span>
          <ThemeChoice />
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <Page place={place} />
      </main>
      <div class="said" role="status">
        {said}
      </div>
      {keys.open ? <KeysDialog close={keys.close} /> : null}
    </App.Provider>
  )
}

function Page({ place: { parts } }: { readonly place: Place }) {
  const [page = '', id] = parts
  switch (page) {
    case '':
      return <OverviewPage />
    case 'names':
      return <NamesPage />
    case 'jobs':
      return id === undefined ? <JobsPage /> : <JobPage key={id} id={id} />
    case 'failures':
      return <FailuresPage />
    case 'schedules':
      return <SchedulesPage />
    case 'flows':
      return id === undefined ? <FlowsPage /> : <FlowPage key={id} id={id} />
    case 'nodes':
      return id === undefined ? <NodesPage /> : <NodesPage only={id} />
    case 'system':
      return <SystemPage />
    default:
      return (
        <>
          <h1>Not found</h1>
          <p>
            There is no such page. <Link to="">The overview</Link> is there.
          </p>
        </>
      )
  }
}

function ThemeChoice() {
  const [chosen, setChosen] = useState<Theme>(theme)
  return (
    <label>
      <span class="unseen">Colours</span>
      <select
        value={chosen}
        onChange={(e) => {
          const next = e.currentTarget.value as Theme
          setTheme(next)
          setChosen(next)
        }}
      >
        <option value="auto">as the machine</option>
        <option value="light">light</option>
        <option value="dark">dark</option>
      </select>
    </label>
  )
}

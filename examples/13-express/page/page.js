/** Seconds. The end of a job is told at once, and how far it is so often. */
const WAIT = 0.5
const AGAIN_MS = 2000
const ENDED = ['completed', 'failed', 'cancelled']
const WORDS = {
  running: 'The report is being made.',
  completed: 'The report is ready.',
  failed: 'There is no report.',
  cancelled: 'The report was cancelled.',
}
const LATER = 'The report waits for its turn.'

const part = (id) => document.getElementById(id)
/** The report that is followed; of another one nothing is shown any more. */
let current = null

part('order').addEventListener('submit', async (event) => {
  event.preventDefault()
  const button = part('order').querySelector('button')
  button.disabled = true
  current = null
  part('course').hidden = true
  say('status', '')
  say('trouble', '')
  try {
    const order = { region: part('region').value, rows: part('rows').valueAsNumber }
    const headers = { 'content-type': 'application/json' }
    const { id } = await ask('/reports', { method: 'POST', headers, body: JSON.stringify(order) })
    // Who comes back, or loads the page again, finds the same report.
    history.replaceState(null, '', `#${id}`)
    follow(id)
  } catch (error) {
    say('trouble', error.message)
  } finally {
    button.disabled = false
  }
})

if (location.hash !== '') follow(location.hash.slice(1))

/** Shows a report until it has ended, however often the server is away meanwhile. */
async function follow(id) {
  current = id
  show({ state: 'available', progress: null, log: [], report: null, error: null })
  while (current === id) {
    try {
      const job = await ask(`/reports/${encodeURIComponent(id)}?wait=${WAIT}`)
      if (current !== id) return
      say('trouble', '')
      show(job)
      if (ENDED.includes(job.state)) return
    } catch (error) {
      if (current !== id) return
      say('status', '')
      say('trouble', error.isFinal ? error.message : `${error.message} Trying again.`)
      if (error.isFinal) {
        part('course').hidden = true
        return
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    }
  }
}

function show({ state, progress, log, report, error }) {
  part('course').hidden = false
  say('status', WORDS[state] ?? LATER)
  if (error !== null) say('trouble', `Why: ${error}`)
  const { done, rows } = report === null ? (progress ?? { done: 0, rows: 1 }) : { done: 1, rows: 1 }
  part('bar').max = rows
  part('bar').value = done
  say('far', progress === null ? `${Math.round((100 * done) / rows)} %` : `${done} of ${rows} rows`)
  part('said').hidden = log.length === 0
  part('log').replaceChildren(...log.map((line) => made('li', line)))
  const facts = Object.entries(report ?? {})
  part('report').replaceChildren(
    ...facts.flatMap(([name, value]) => [made('dt', name), made('dd', inWords(value))]),
  )
}

/** Rejects with an error whose message is for people. `isFinal`: to ask again is no use. */
async function ask(url, options) {
  const response = await fetch(url, { cache: 'no-store', ...options }).catch(() => null)
  if (response === null) throw new Error('The server does not answer.')
  const answer = await response.json().catch(() => ({}))
  if (response.ok) return answer
  const error = new Error(answer.error ?? `The server answers with ${response.status}.`)
  throw Object.assign(error, { isFinal: response.status < 500 })
}

/** A text that is said already is not said again. */
function say(id, text) {
  if (part(id).textContent !== text) part(id).textContent = text
}

function made(tag, text) {
  const element = document.createElement(tag)
  element.textContent = text
  return element
}

function inWords(value) {
  return typeof value === 'number' ? value.toLocaleString('en', { maximumFractionDigits: 2 }) : value
}

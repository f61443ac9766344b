import { useEffect, useState } from 'preact/hooks'
import { Dialog } from './dialog.js'
import { wantToFind } from './finding.js'
import { go } from './router.js'

/** What a key does: for those who would rather not use a mouse. */
const KEYS: Readonly<Record<string, readonly [string, string]>> = {
  o: ['', 'Overview'],
  n: ['names', 'Names'],
  j: ['jobs', 'Jobs'],
  f: ['failures', 'Failures'],
  s: ['schedules', 'Schedules'],
  w: ['flows', 'Flows'],
  d: ['nodes', 'Nodes'],
  y: ['system', 'System'],
}

/** Keys count while nobody writes. */
export function useKeys(): { readonly open: boolean; close(): void } {
  const [open, setOpen] = useState(false)
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { target, key } = event
      if (event.ctrlKey || event.metaKey || event.altKey) return
      if (target instanceof HTMLElement && target.closest('input, textarea, select, dialog[open]') !== null)
        return
      if (key === '?') return setOpen(true)
      if (key === '/') {
        event.preventDefault()
        const there = document.querySelector<HTMLInputElement>('input[name="text"]')
        if (there !== null) return there.focus()
        wantToFind()
        go('jobs')
        return
      }
      const to = KEYS[key]?.[0]
      if (to !== undefined) go(to)
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [])
  return { open, close: () => setOpen(false) }
}

export function KeysDialog({ close }: { readonly close: () => void }) {
  return (
    <Dialog title="Keys" yes="Close" onYes={async () => {}} onClose={close}>
      <table>
        <tbody>
          {Object.entries(KEYS).map(([key, [, name]]) => (
            <tr key={key}>
              <th scope="row">
                <kbd>{key}</kbd>
              </th>
              <td>{name}</td>
            </tr>
          ))}
          <tr>
            <th scope="row">
              <kbd>/</kbd>
            </th>
            <td>Find a job by its id, or a text in its args</td>
          </tr>
        </tbody>
      </table>
    </Dialog>
  )
}

import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import type { ApiError } from './api.js'

/** A question in front of the page: the keys stay in it until it is answered. Escape is no. */
export function Dialog({
  title,
  yes,
  danger = false,
  onYes,
  onClose,
  children,
}: {
  readonly title: string
  readonly yes: string
  readonly danger?: boolean
  /** What it throws is shown, and the question stays. */
  readonly onYes: () => Promise<unknown>
  readonly onClose: () => void
  readonly children: ComponentChildren
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  useEffect(() => {
    const before = document.activeElement
    dialog.current?.showModal()
    return () => {
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  const submit = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    setError('')
    try {
      await onYes()
      onClose()
    } catch (problem) {
      const { message, code = '' } = problem as ApiError
      setError(`${message}${code === '' ? '' : ` (${code})`}`)
      setBusy(false)
    }
  }
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose}>
      <form onSubmit={submit}>
        <h2 id={id}>{title}</h2>
        {children}
        {error === '' ? null : (
          <p class="trouble" role="alert">
            {error}
          </p>
        )}
        <p class="row end">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class={danger ? 'danger' : 'main'} disabled={busy}>
            {yes}
          </button>
        </p>
      </form>
    </dialog>
  )
}

/** A line that a person writes. `min`: it is a number, not below this. */
export function Field({
  label,
  value,
  onChange,
  min,
}: {
  readonly label: string
  readonly value: string
  readonly onChange: (text: string) => void
  readonly min?: number
}) {
  const id = useId()
  const own = {
    id,
    value,
    onInput: (e: { currentTarget: { value: string } }) => onChange(e.currentTarget.value),
  }
  return (
    <p class="field">
      <label for={id}>{label}</label>
      {min === undefined ? <input {...own} /> : <input type="number" min={min} {...own} />}
    </p>
  )
}

/** JSON that a person writes. Throws what is wrong with it. */
export function parsed(text: string, what: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${what}: expected an object, such as { "file": "cat.png" }`)
  return value as Record<string, unknown>
}

export function JsonField({
  label,
  value,
  onChange,
}: {
  readonly label: string
  readonly value: string
  readonly onChange: (text: string) => void
}) {
  const id = useId()
  return (
    <p class="field">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        rows={8}
        spellcheck={false}
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    </p>
  )
}

interface Waiting {
  readonly fns: Set<() => void>
  readonly listener: () => void
}

/** A signal that many wait for has one listener of ours: Node warns of a leak when it has more than ten. */
const signals = new WeakMap<AbortSignal, Waiting>()

/** Calls `fn` when the signal is aborted; answers how to wait for it no longer. */
export function onAbort(signal: AbortSignal, fn: () => void): () => void {
  const waiting = signals.get(signal) ?? listen(signal)
  waiting.fns.add(fn)
  return () => {
    waiting.fns.delete(fn)
    if (waiting.fns.size > 0 || signals.get(signal) !== waiting) return
    signals.delete(signal)
    signal.removeEventListener('abort', waiting.listener)
  }
}

function listen(signal: AbortSignal): Waiting {
  const fns = new Set<() => void>()
  const listener = () => {
    signals.delete(signal)
    for (const fn of [...fns]) fn()
  }
  const waiting = { fns, listener }
  signals.set(signal, waiting)
  signal.addEventListener('abort', listener, { once: true })
  return waiting
}

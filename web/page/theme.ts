const KEY = 'job-reactor-theme'
export type Theme = 'auto' | 'light' | 'dark'

/** As the machine has it, unless somebody has chosen. */
export function theme(): Theme {
  const kept = localStorage.getItem(KEY)
  return kept === 'light' || kept === 'dark' ? kept : 'auto'
}

export function setTheme(chosen: Theme): void {
  if (chosen === 'auto') localStorage.removeItem(KEY)
  else localStorage.setItem(KEY, chosen)
  document.documentElement.dataset.theme = chosen
}

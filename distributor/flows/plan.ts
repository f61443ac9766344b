import { JrError } from '../../src/errors.js'
import type { Need, OnFail } from '../../src/job/terms/flow.js'
import { shown } from '../../src/options/duration.js'
import { BUNDLE, GROUP } from '../../src/rules.js'

/** The jobs of its flow that a job needs: their keys; or, by key, what becomes of it when one has not completed. */
export type GivenNeeds<Key extends string = string> =
  | readonly Key[]
  | { readonly [K in Key]?: OnFail | undefined }

/** What of the jobs of a flow says in which order they run. */
export type Needing = Readonly<Record<string, { readonly needs?: GivenNeeds | undefined }>>

/** By key: the needs of each job of a flow. Throws JR_BAD_FLOW, with the path of the first that is wrong. */
export function needsOf(jobs: Needing): ReadonlyMap<string, readonly Need[]> {
  const keys = Object.keys(jobs)
  if (keys.length === 0 || keys.length > BUNDLE.jobs)
    throw badFlow(`jobs: expected 1 to ${BUNDLE.jobs} jobs, got ${keys.length}`)
  const needs = new Map<string, readonly Need[]>()
  for (const key of keys) {
    if (!GROUP.meets(key)) throw badFlow(`jobs: expected keys that are ${GROUP.says}, got ${shown(key)}`)
    needs.set(key, parsed(jobs[key]?.needs, `${pathOf(key)}.needs`))
  }
  for (const [key, some] of needs) for (const need of some) checkNeed(key, need.key ?? '', needs)
  const circle = circleIn(needs)
  if (circle === null) return needs
  const [first = ''] = circle
  throw badFlow(`${pathOf(first)}.needs: it needs itself in the end: ${circle.join(' → ')}`)
}

/** Of a job of a flow, as its path begins. */
export function pathOf(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `jobs.${key}` : `jobs[${JSON.stringify(key)}]`
}

export function badFlow(text: string): JrError {
  return new JrError('JR_BAD_FLOW', text)
}

function parsed(given: unknown, path: string): readonly Need[] {
  if (given === undefined) return []
  if (Array.isArray(given)) return [...new Set(given)].map((key) => ({ key, onFail: 'fail' }))
  if (typeof given !== 'object' || given === null)
    throw badFlow(`${path}: expected a list of keys, or 'run' or 'fail' by key, got ${shown(given)}`)
  return Object.entries(given).flatMap(([key, onFail]) => {
    if (onFail === undefined) return []
    if (onFail === 'run' || onFail === 'fail') return [{ key, onFail }]
    throw badFlow(`${path}.${key}: expected 'run' or 'fail', got ${shown(onFail)}`)
  })
}

function checkNeed(key: string, needed: string, all: ReadonlyMap<string, unknown>): void {
  const path = `${pathOf(key)}.needs`
  if (!all.has(needed)) throw badFlow(`${path}: the flow has no job ${shown(needed)}`)
  if (needed === key) throw badFlow(`${path}: a job can't need itself`)
}

/** Keys that need each other in a circle, the first of them again at the end; null: there is none. */
function circleIn(needs: ReadonlyMap<string, readonly Need[]>): readonly string[] | null {
  const left = new Map<string, number>()
  const dependents = new Map<string, string[]>()
  const free: string[] = []
  for (const [key, some] of needs) {
    left.set(key, some.length)
    if (some.length === 0) free.push(key)
    for (const { key: needed } of some) {
      const there = dependents.get(needed ?? '')
      if (there === undefined) dependents.set(needed ?? '', [key])
      else there.push(key)
    }
  }
  for (const key of free) {
    for (const dependent of dependents.get(key) ?? []) {
      const now = (left.get(dependent) ?? 0) - 1
      left.set(dependent, now)
      if (now === 0) free.push(dependent)
    }
  }
  if (free.length === needs.size) return null
  // Of those that are never free each needs another that is not.
  const stuck = (key: string) => (left.get(key) ?? 0) > 0
  const seen: string[] = []
  let at = [...needs.keys()].find(stuck) ?? ''
  while (!seen.includes(at)) {
    seen.push(at)
    at = needs.get(at)?.find(({ key }) => stuck(key ?? ''))?.key ?? ''
  }
  return [...seen.slice(seen.indexOf(at)), at]
}

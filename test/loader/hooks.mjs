import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Nothing is compiled twice: test files have much in common. */
const KEPT = new URL('../../.tap/typescript/', import.meta.url)
const OPTIONS = { loader: 'ts', format: 'esm', target: 'es2023', sourcemap: 'inline' }

mkdirSync(KEPT, { recursive: true })

/** TypeScript imports `x.js` where `x.ts` is meant. */
export async function resolve(specifier, context, next) {
  if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL?.endsWith('.ts')) {
    const url = new URL(specifier.replace(/js$/, 'ts'), context.parentURL)
    if (existsSync(url)) return { url: url.href, format: 'module', shortCircuit: true }
  }
  return next(specifier, context)
}

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context)
  return { source: await compiled(url), format: 'module', shortCircuit: true }
}

async function compiled(url) {
  const text = readFileSync(new URL(url), 'utf8')
  const kept = new URL(createHash('sha1').update(`${url}\n${text}`).digest('hex'), KEPT)
  if (existsSync(kept)) return readFileSync(kept, 'utf8')
  const { transform } = await import('esbuild')
  const { code } = await transform(text, { ...OPTIONS, sourcefile: fileURLToPath(url) })
  // Another process may want the same file at this moment: it finds all of it, or nothing.
  const half = new URL(`${kept.href}-${process.pid}`)
  writeFileSync(half, code)
  renameSync(half, kept)
  return code
}

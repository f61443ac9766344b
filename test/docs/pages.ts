import { readdirSync, readFileSync } from 'node:fs'

/** Every page of the project: those that are in the package, and the README of the examples. */
export const PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  'PROTOCOL.md',
  'CHANGELOG.md',
  'examples/README.md',
  ...readdirSync('docs')
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
]

export interface Snippet {
  readonly page: string
  /** The line of the page on which the text begins. */
  readonly line: number
  /** The heading above it. */
  readonly heading: string
  /** What stands behind the backquotes: `js`, `sh`, `text` … */
  readonly language: string
  readonly text: string
  /** The file that its first line names in a comment, if it names one. */
  readonly file: string | null
  /** Why it is not run, as a comment above it says: `<!-- not run: … -->`. */
  readonly notRun: string | null
  /** The file that it is a part of: `<!-- part of: … -->`. */
  readonly partOf: string | null
}

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm

export function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(page, 'utf8')
  return [...text.matchAll(FENCE)].map((match) => {
    const before = text.slice(0, match.index)
    const [, language = '', body = ''] = match
    return {
      page,
      line: before.split('\n').length + 1,
      heading: headingsOf(before).at(-1) ?? '',
      language,
      text: body,
      file: /^(?:\/\/|#) (\S+\.\w+)\n/.exec(body)?.[1] ?? null,
      notRun: /<!-- not run: (.+) -->\n+$/.exec(before)?.[1] ?? null,
      partOf: /<!-- part of: (.+) -->\n+$/.exec(before)?.[1] ?? null,
    }
  })
}

/** The headings of a text, without those that only look like some inside of snippets. */
export function headingsOf(text: string): string[] {
  return [...text.replaceAll(FENCE, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
}

/** The anchors of a page, as GitHub makes them of its headings. */
export function anchorsOf(page: string): string[] {
  const seen = new Map<string, number>()
  return headingsOf(readFileSync(page, 'utf8')).map((heading) => {
    const anchor = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')
    const count = seen.get(anchor) ?? 0
    seen.set(anchor, count + 1)
    return count === 0 ? anchor : `${anchor}-${count}`
  })
}

/** Where the links and pictures of a page lead, as they are written. */
export function linksOf(page: string): string[] {
  const text = readFileSync(page, 'utf8')
    .replaceAll(FENCE, '')
    .replaceAll(/`[^`\n]*`/g, '')
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
}

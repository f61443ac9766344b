import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import ts from 'typescript'
import { ENV, type Installed, installPacked } from './packed.js'
import { PAGES, snippetsOf } from './pages.js'
import { type Program, programsOf } from './programs.js'

const run = promisify(execFile)
const RUNS_TYPESCRIPT = Boolean(Reflect.get(process.features, 'typescript'))
const TSX = pathToFileURL(resolve('node_modules/tsx/dist/loader.mjs')).href

let installed: Installed
t.before(async () => {
  installed = await installPacked(t)
  // Tools that the pages name, as a project would have them beside the package.
  for (const tool of ['tsx', 'esbuild', '@types'])
    symlinkSync(resolve('node_modules', tool), join(installed.dir, 'node_modules', tool))
})

t.test('every snippet says what it is in', async (t) => {
  const known = ['js', 'ts', 'sh', 'json', 'yaml', 'ini', 'dockerfile', 'text']
  const drawn = ['ARCHITECTURE.md', 'PROTOCOL.md']
  for (const { page, line, language } of PAGES.flatMap(snippetsOf)) {
    if (language !== '' || !drawn.includes(page))
      t.ok(known.includes(language), `${page}:${line}: '${language}'`)
  }
})

for (const { page, line, text, partOf } of PAGES.flatMap(snippetsOf)) {
  if (partOf === null) continue
  t.test(`${page}:${line} is a part of ${partOf}`, async (t) => {
    const bare = (text: string) => text.replaceAll(/^\s+/gm, '')
    t.ok(bare(readFileSync(partOf, 'utf8')).includes(bare(text)))
  })
}

let count = 0
for (const program of programsOf(PAGES.flatMap(snippetsOf))) {
  const { title, around, main, notRun } = program
  t.test(`${title}${notRun === null ? '' : ` (not run: ${notRun})`}`, async (t) => {
    const dir = join(installed.dir, 'programs', String(++count))
    for (const [file, text] of Object.entries(program.files)) {
      mkdirSync(dirname(join(dir, file)), { recursive: true })
      writeFileSync(join(dir, file), text)
    }
    t.same(complaints(dir, program), [], 'the types are right')
    if (notRun !== null) return
    if (main === null)
      throw new Error('it has no app to run: give it one in programs.ts, or say why it is not run')
    const loader = main.endsWith('.ts') && !RUNS_TYPESCRIPT ? ['--import', TSX] : []
    const { stdout, stderr } = await run(process.execPath, [...loader, main], {
      cwd: dir,
      env: { ...ENV, ...around.env },
      timeout: 60_000,
    })
    t.match(stdout, around.prints ?? /^$/)
    t.match(stderr, around.logs ?? /^$/)
  })
}

/** Files of packages, read once for all programs. */
const libraries = new Map<string, ts.SourceFile>()

/** What the compiler says of a program. JavaScript that is run is not looked at: it proves itself. */
function complaints(dir: string, { files, notRun }: Program): string[] {
  const code = Object.keys(files).filter(
    (file) => /\.[cm]?ts$/.test(file) || (notRun !== null && /js$/.test(file)),
  )
  if (code.length === 0) return []
  const typed = code.some((file) => file.endsWith('ts'))
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    strict: typed,
    allowJs: true,
    checkJs: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    types: ['node'],
  }
  const host = ts.createCompilerHost(options)
  const read = host.getSourceFile
  host.getSourceFile = (file, ...rest) => {
    const known = libraries.get(file) ?? read(file, ...rest)
    if (file.includes('/node_modules/') && known !== undefined) libraries.set(file, known)
    return known
  }
  const paths = code.map((file) => join(dir, file))
  const program = ts.createProgram(paths, options, host)
  return ts.getPreEmitDiagnostics(program).map(({ messageText, file, start = 0 }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n')
    return `${file?.fileName.slice(dir.length)}:${file?.getLineAndCharacterOfPosition(start).line}: ${text}`
  })
}

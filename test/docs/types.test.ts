import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { PAGES, snippetsOf } from './pages.js'
import { programsOf } from './programs.js'

// All in one process: the files of libraries are read and bound once.
const NEXT: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  strict: true,
  allowJs: true,
  checkJs: true,
  noEmit: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  types: ['node'],
}
const libraries = new Map<string, ts.SourceFile>()

/** What the compiler says of a program. */
function complaints(paths: readonly string[], options: ts.CompilerOptions): string[] {
  const host = ts.createCompilerHost(options)
  const read = host.getSourceFile
  host.getSourceFile = (file, ...rest) => {
    const known = libraries.get(file) ?? read(file, ...rest)
    if (known !== undefined && /\/node_modules\/|\/dist\/.*\.d\.ts$/.test(file)) libraries.set(file, known)
    return known
  }
  const program = ts.createProgram(paths, options, host)
  return ts.getPreEmitDiagnostics(program).map(({ messageText, file, start = 0 }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n')
    return `${file?.fileName}:${(file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1}: ${text}`
  })
}

/** A project of a user: it has the package, and what its files need, as dependencies. */
const project = mkdtempSync(resolve('node_modules/.types-'))
t.teardown(() => rmSync(project, { recursive: true, force: true }))
writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }')
mkdirSync(join(project, 'node_modules'))
for (const [name, target] of [
  ['job-reactor', '.'],
  ['@types', 'node_modules/@types'],
] as const)
  symlinkSync(resolve(target), join(project, 'node_modules', name))

function written(folder: string, files: Readonly<Record<string, string>>): string[] {
  return Object.entries(files).map(([file, text]) => {
    const path = join(project, folder, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return path
  })
}

function copied(folder: string, from: string, files: readonly string[]): string[] {
  return written(
    folder,
    Object.fromEntries(files.map((file) => [file, readFileSync(join(from, file), 'utf8')])),
  )
}

const CODE = /\.[cm]?[jt]s$/
const TYPED = /\.[cm]?ts$/

// JavaScript that is run is not looked at: it proves itself.
for (const [i, { title, files, notRun }] of programsOf(PAGES.flatMap(snippetsOf)).entries()) {
  const wanted = (file: string) => TYPED.test(file) || (notRun !== null && CODE.test(file))
  if (!Object.keys(files).some(wanted)) continue
  t.test(title, async (t) => {
    const strict = Object.keys(files).some((file) => TYPED.test(file))
    t.same(complaints(written(`snippet-${i}`, files).filter(wanted), { ...NEXT, strict }), [])
  })
}

t.test('examples/02-typed compiles as it is shipped', async (t) => {
  const from = 'examples/02-typed'
  const { config } = ts.readConfigFile(join(from, 'tsconfig.json'), ts.sys.readFile)
  const { options, errors } = ts.parseJsonConfigFileContent(config, ts.sys, from)
  t.same(errors, [])
  t.same(complaints(copied('typed', from, ['app.ts', 'jobs.ts', 'reactor_jobs/area.ts']), options), [])
})

const FIXTURES = 'test/fixtures/typed-project'

t.test('with a registry, what is misspelt, missing or of another type does not compile', async (t) => {
  t.same(complaints(copied('registry', FIXTURES, ['jobs.ts', 'expected-errors.ts']), NEXT), [])
})

t.test('without a registry, any name and any plain object compile', async (t) => {
  t.same(complaints(copied('bare', FIXTURES, ['undeclared.ts']), NEXT), [])
})

t.test('examples/09-own-store keeps the types of the contract', async (t) => {
  const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile)
  const { compilerOptions } = config as { compilerOptions: object }
  const own = { ...compilerOptions, allowJs: true, noEmit: true, noImplicitAny: false }
  const { options } = ts.parseJsonConfigFileContent({ compilerOptions: own, files: [] }, ts.sys, '.')
  const files = ['app.mjs', 'file-store.mjs', 'jobs.mjs', 'log.mjs', 'notes.mjs']
  t.same(complaints(copied('own-store', 'examples/09-own-store', files), options), [])
})

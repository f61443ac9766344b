import { resolve } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { DISTRIBUTOR_OPTIONS } from '#dist/src/options/distributor-options.js'
import { NODE_OPTIONS } from '#dist/src/options/node-options.js'
import { envOf, flagOf, type Table } from '#dist/src/options/option.js'
import { given, resolveOptions, settledKey } from '#dist/src/options/resolve.js'

const face = resolve('dist/index.d.ts')
const program = ts.createProgram([face], {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  skipLibCheck: true,
  strict: true,
})

/** What an editor shows for each property of a type that the package exports. */
function shownDocs(name: string): Map<string, string> {
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(face)
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source)
  const exported = module === undefined ? [] : checker.getExportsOfModule(module)
  const found = exported.find((one) => one.name === name)
  if (found === undefined) throw new Error(`the package exports no ${name}`)
  const type = checker.getDeclaredTypeOfSymbol(
    found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found,
  )
  return new Map(
    checker.getPropertiesOfType(type).map((property) => {
      const docs = property.getDocumentationComment(checker).map(({ text }) => text)
      return [property.name, docs.join('').replaceAll('\n', ' ')]
    }),
  )
}

const FACES: readonly [name: string, table: Table, beside: readonly string[]][] = [
  ['NodeOptions', NODE_OPTIONS, ['redis']],
  ['SpawnOptions', NODE_OPTIONS, ['redis']],
  ['DistributorOptions', DISTRIBUTOR_OPTIONS, []],
]

for (const [name, table, beside] of FACES) {
  t.test(`an editor shows each of ${name} with its sentence in the table`, async (t) => {
    const shown = shownDocs(name)
    t.same([...shown.keys()].sort(), [...Object.keys(table), ...beside].sort())
    for (const [key, { text, default: value }] of Object.entries(table)) {
      const docs = shown.get(key) ?? ''
      t.ok(docs.startsWith(text), `${key}: ${docs}`)
      if (value !== undefined) t.match(docs, `${value}`, `${key} says its default`)
    }
    for (const key of beside) t.ok(shown.get(key), key)
  })
}

t.test('what an option writes for another process is read there as the same', async (t) => {
  const samples: Record<string, unknown> = {
    store: 'redis',
    jobs: new URL('file:///srv/my%20jobs'),
    listen: ['::1', 5001],
    distribute: { path: '/run/app.sock' },
    heartbeat: 2.5,
    maxFrame: '32MiB',
    keepAge: '90m',
    backoff: { type: 'exponential', delay: 1, max: 60, jitter: false },
    import: ['tsx', './hooks.mjs'],
    env: { A: 'x=1,2', B: '' },
    logJson: false,
    removeDoneJobs: false,
  }
  for (const [key, option] of Object.entries<Table[string]>(NODE_OPTIONS)) {
    const value = samples[key] ?? option.default
    if (value === undefined) continue
    t.same(option.read(option.write(value), flagOf(key)), option.read(value, key), envOf(key))
  }
})

t.test('each source is looked at in turn, and durations are milliseconds', async (t) => {
  const { values, from } = resolveOptions(NODE_OPTIONS, [
    given({ name: 'n', timeout: 1.5 }, 'first'),
    given({ timeout: '5m', keepAge: '2d', listen: 5001 }, 'second'),
  ])
  t.match(values, {
    name: 'n',
    timeoutMs: 1500,
    keepAgeMs: 172_800_000,
    listen: { port: 5001 },
    leaseMs: 10_000,
  })
  t.match(from, { name: 'first', timeout: 'first', keepAge: 'second', lease: 'default' })
  t.equal(from.dir, undefined)
  t.equal(settledKey('timeout', NODE_OPTIONS.timeout), 'timeoutMs')
  const wrong: [object, RegExp][] = [
    [{ heartbeat: '9ms' }, /option heartbeat: expected at least 10 ms, got '9ms'/],
    [{ maxFrame: '2GiB' }, /option maxFrame: expected a whole number from 1048576 to 1073741824/],
    [{ keepCount: -1 }, /option keepCount: expected a whole number, 0 or more, got -1/],
    [{ toString: 1 }, /option toString: no such option/],
    [{ unknownJob: 'drop' }, /option unknownJob: expected fail, wait, got 'drop'/],
  ]
  for (const [options, message] of wrong)
    t.throws(() => resolveOptions(NODE_OPTIONS, [given(options)]), { code: 'JR_BAD_CONFIG', message })
})

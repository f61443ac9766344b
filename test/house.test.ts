import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import t from 'tap'

interface Import {
  readonly file: string
  readonly target: string
  /** Types are gone when it runs. */
  readonly typeOnly: boolean
}

function sources(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) return sources(path)
    return /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts') ? [path] : []
  })
}

const files = [
  'index.ts',
  'start-node.ts',
  ...['src', 'distributor', 'node', 'child', 'cli', 'web'].flatMap(sources),
]
const imports: Import[] = files.flatMap((file) => {
  const text = readFileSync(file, 'utf8')
  const found = [
    ...text.matchAll(
      /(?:import|export)\s+(type\s)?[^'";]*?from\s+'([^']+)'|import\('([^']+)'\)|^import '([^']+)'/gm,
    ),
  ]
  return found.map((match) => ({
    file,
    target: match[2] ?? match[3] ?? match[4] ?? '',
    typeOnly: match[1] !== undefined,
  }))
})
/** `x.js` is made of `x.ts`, or of `x.tsx`. */
function sourceOf(target: string): string {
  const file = target.replace(/\.js$/, '.ts')
  return existsSync(file) ? file : target.replace(/\.js$/, '.tsx')
}
const local = imports
  .filter(({ target }) => target.startsWith('.') && !target.endsWith('.css'))
  .map((one) => ({ ...one, target: sourceOf(normalize(join(dirname(one.file), one.target))) }))

t.test('imports point one way', async (t) => {
  const forbidden: [string, string][] = [
    // The two sides, and what runs in a child, know what is common and not each other.
    ...['src/', 'distributor/', 'node/', 'child/'].flatMap((from) =>
      ['distributor/', 'node/', 'child/', 'cli/'].flatMap((to): [string, string][] =>
        from === to ? [] : [[from, to]],
      ),
    ),
    ['cli/', 'child/'],
    // What is for people is one more user of the app's side; nothing else needs it.
    ...['node/', 'child/', 'cli/'].map((to): [string, string] => ['web/', to]),
    ...['src/', 'distributor/', 'node/', 'child/'].map((from): [string, string] => [from, 'web/']),
    ['src/wire/', 'src/store/'],
    ['src/store/', 'src/wire/'],
    ['src/verbs/', 'src/store/'],
    ['src/verbs/', 'src/wire/'],
    ['src/job/', 'src/verbs/'],
  ]
  for (const [from, to] of forbidden) {
    const wrong = local.filter(({ file, target }) => file.startsWith(from) && target.startsWith(to))
    t.same(wrong, [], `${from} does not import ${to}`)
  }
  for (const { file, target } of local)
    if (!files.includes(target)) t.fail(`${file} imports ${target}, which is not there`)
})

t.test('there are no circles, not of types either', async (t) => {
  const edges = new Map<string, string[]>()
  for (const { file, target } of local) edges.set(file, [...(edges.get(file) ?? []), target])
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      t.fail([...path.slice(path.indexOf(file)), file].join(' -> '))
      return
    }
    if (done.has(file)) return
    for (const target of edges.get(file) ?? []) visit(target, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  t.equal(done.size, files.length)
})

const LONGEST_FILE = 250
/** Files with a second subject that is not taken out yet, and their lines. Both may only become fewer. */
const TOO_LONG: Readonly<Record<string, number>> = {
  'distributor/distributor.ts': 342,
  'distributor/jr.ts': 272,
  'distributor/nodes/node-line.ts': 407,
  'node/executors/children/pool.ts': 266,
  'node/order/lane-window.ts': 260,
  'src/store/redis/store.ts': 257,
  'src/wire/channel.ts': 276,
}

t.test('a file has one subject, and ends before it has two', async (t) => {
  for (const file of files) {
    const lines = readFileSync(file, 'utf8').split('\n').length - 1
    const most = TOO_LONG[file] ?? LONGEST_FILE
    t.ok(lines <= most, `${file} has ${lines} lines; take out its second subject, ${most} are enough`)
    if (file in TOO_LONG)
      t.ok(lines > Math.max(LONGEST_FILE, most - 20), `${file} has ${lines} lines: so says the list`)
  }
  for (const file of Object.keys(TOO_LONG)) t.ok(files.includes(file), `${file} of the list is there`)
})

/** More can't be taken in at a glance. */
const MANY_FILES = 10

t.test('a folder of many files says what each of them is', async (t) => {
  for (const folder of new Set(files.map(dirname))) {
    const inside = files.filter((file) => dirname(file) === folder)
    if (inside.length <= MANY_FILES) continue
    const page = join(folder, 'README.md')
    const named = existsSync(page)
      ? [...readFileSync(page, 'utf8').matchAll(/^- `([\w-]+\.tsx?)`: \S/gm)].map(([, name]) => name)
      : []
    t.same(named.sort(), inside.map((file) => basename(file)).sort(), `${page} has a line for each file`)
  }
})

/** Where time and chance come from. */
const SOURCES = ['src/clock.ts', 'src/steady-clock.ts', 'src/chance.ts']
/** Those who compose the parts, and hand them time and chance. */
const ROOTS = [
  'child/main.ts',
  'distributor/monitor/redis-monitor.ts',
  'distributor/start.ts',
  'node/index.ts',
  'src/store/level/store.ts',
  'src/store/memory.ts',
  'src/store/redis/store.ts',
  'src/surroundings.ts',
  'web/handler.ts',
]
/** This list may only become shorter. */
const TAKES_ITS_OWN = new Map([
  // A nonce is as good as the system's own chance, and must never be another.
  ['src/wire/handshake.ts', ['randomBytes']],
])

/** What runs in a browser has only what is there. */
const inNode = files.filter((file) => !file.startsWith('web/page/'))

t.test('time and chance are handed in', async (t) => {
  const own =
    /\b(Date\.now|new Date\(\)|performance|hrtime|setTimeout|setInterval|Math\.random|nanoid|random(UUID|Bytes|Int))(?!\w)/g
  const system = /\b(SYSTEM|systemClock|systemChance)\b/
  const used = new Set<string>()
  for (const file of inNode) {
    const text = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*/gm, '')
    if (!SOURCES.includes(file)) {
      const [place, allowed = []] = [...TAKES_ITS_OWN].find(([place]) => file.startsWith(place)) ?? ['']
      const taken = [...text.matchAll(own)].map(([word]) => word)
      t.same(
        taken.filter((word) => !allowed.includes(word)),
        [],
        `${file} takes no time or chance of its own`,
      )
      if (taken.length > 0) used.add(place)
    }
    if (!system.test(text) || SOURCES.includes(file) || file.startsWith('cli/')) continue
    t.ok(ROOTS.includes(file), `${file} is handed time and chance`)
    used.add(file)
  }
  t.same(
    [...ROOTS, ...TAKES_ITS_OWN.keys()].filter((one) => !used.has(one)),
    [],
    'the lists name no other',
  )
})

t.test('each third-party package is imported in one file', async (t) => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    dependencies: Record<string, string>
  }
  const users = new Map<string, Set<string>>()
  for (const { file, target, typeOnly } of imports) {
    // What is bundled for browsers is no dependency of those who install the package.
    if (target.startsWith('.') || target.startsWith('node:') || typeOnly || !inNode.includes(file)) continue
    const name = target
      .split('/')
      .slice(0, target.startsWith('@') ? 2 : 1)
      .join('/')
    users.set(name, (users.get(name) ?? new Set()).add(file))
  }
  t.same([...users.keys()].sort(), Object.keys(dependencies).sort(), 'what is used is what is depended on')
  for (const [name, by] of users) t.equal(by.size, 1, `${name}: ${[...by]}`)
})

t.test('no value is forced into a type that has nothing to do with it', async (t) => {
  for (const file of files) t.notMatch(readFileSync(file, 'utf8'), /as unknown as/, file)
})

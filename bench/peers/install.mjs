// Installs the peers' packages when they are not there, or not as the lock file says.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const wanted = JSON.parse(readFileSync(`${here}package.json`, 'utf8')).dependencies
const right = Object.entries(wanted).every(([name, version]) => {
  const file = `${here}node_modules/${name}/package.json`
  return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version === version
})
if (!right) {
  process.stderr.write('installing the peers (npm ci in bench/peers)\n')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit' })
  process.exitCode = status ?? 1
}

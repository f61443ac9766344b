import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { interpreterOf } from './take-sample.mjs'

/** Why a system can't be run here, and what to do; null when it can. */
export function whatIsMissing({ needs, packages = [], ...system }) {
  const absent = packages.filter(
    (name) => !existsSync(new URL(`./peers/node_modules/${name}`, import.meta.url)),
  )
  if (absent.length > 0) return `${absent.join(' and ')} not installed: npm ci --prefix bench/peers`
  if (interpreterOf(system) === null)
    return `needs Node ${system.node}: npm ci --prefix bench/peers installs one`
  if (needs !== undefined && !isCommand(needs.command)) {
    return `${needs.command} not installed: apt-get install -y ${needs.apt}`
  }
  return null
}

function isCommand(name) {
  try {
    execFileSync('sh', ['-c', 'command -v "$0"', name], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

import { readFileSync } from 'node:fs'

/** The version in the package.json beside the compiled `dist`. */
export const PACKAGE_VERSION = readVersion()

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(text) as { version: string }
  return version
}

import { JrError } from '../../errors.js'

/** The oldest that has all commands of the scripts. */
const OLDEST = [6, 2] as const

/** `INFO` as names and values. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const facts = new Map<string, string>()
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon > 0 && !line.startsWith('#')) facts.set(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  return facts
}

/** What a person should know of this server. Throws JR_BAD_CONFIG for one that would lose jobs by itself. */
export function checkServer(facts: ReadonlyMap<string, string>): string[] {
  const version = facts.get('redis_version') ?? ''
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (version !== '' && (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))) {
    throw new JrError('JR_BAD_CONFIG', `Redis ${version}: job-reactor needs ${OLDEST.join('.')} or later`)
  }
  const policy = facts.get('maxmemory_policy')
  if (policy !== undefined && policy !== 'noeviction') {
    const text = `Redis has maxmemory-policy ${policy}: it would drop jobs when its memory is full. Set it to noeviction`
    throw new JrError('JR_BAD_CONFIG', text)
  }
  const notes: string[] = []
  if (policy === undefined) {
    notes.push(
      'Redis does not say its maxmemory-policy (INFO memory); it must be noeviction, or jobs may be dropped',
    )
  }
  if (facts.get('aof_enabled') === '0') {
    notes.push(
      'Redis writes no append-only file: what was accepted since its last snapshot is lost when it restarts',
    )
  } else if (!facts.has('aof_enabled')) {
    notes.push('Redis does not say whether it writes an append-only file (INFO persistence)')
  }
  return notes
}

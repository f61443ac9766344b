const ALLOWED = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'TZ',
  'TMPDIR',
  'TMP',
  'TEMP',
  'TERM',
  'NODE_ENV',
  'NODE_EXTRA_CA_CERTS',
  // Windows does not start a process without these.
  'SYSTEMROOT',
  'WINDIR',
  'COMSPEC',
  'PATHEXT',
  'APPDATA',
  'LOCALAPPDATA',
  'USERPROFILE',
])

/** The variables of a process that we start: a list of harmless ones from ours, and those that were asked for. Never more. */
export function allowedEnv(
  ours: NodeJS.ProcessEnv,
  extra: Readonly<Record<string, string>>,
): Record<string, string> {
  const env: Record<string, string> = {}
  for (const [key, value] of Object.entries(ours)) {
    const name = key.toUpperCase()
    if (value !== undefined && (ALLOWED.has(name) || name.startsWith('LC_'))) env[key] = value
  }
  return { ...env, ...extra }
}

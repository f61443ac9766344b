import { createRequire } from 'node:module'
import { isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { JrError } from '../../../src/errors.js'

/**
 * The modules that children import first, as Node's `--import` takes them: files from the working directory, packages
 * from the folder of job files, or else the working directory. Throws JR_BAD_CONFIG for one that is not installed.
 */
export function resolveImports(names: readonly string[], jobs: string): string[] {
  return names.map((name) => resolveImport(name, jobs))
}

function resolveImport(name: string, jobs: string): string {
  if (/^(file|data|node):/.test(name)) return name
  if (name.startsWith('.') || isAbsolute(name)) return pathToFileURL(resolve(name)).href
  for (const from of [jobs, process.cwd()]) {
    try {
      return pathToFileURL(createRequire(join(from, 'any.js')).resolve(name)).href
    } catch (error) {
      // It is there, for `import` alone: the child finds it from the working directory.
      if ((error as NodeJS.ErrnoException).code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') return name
    }
  }
  const text = `option import: no module '${name}' in ${jobs} or ${process.cwd()}; install it there (npm install ${name}), or give the path of a file (./${name})`
  throw new JrError('JR_BAD_CONFIG', text)
}

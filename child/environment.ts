/**
 * Tells, once a name, when somebody reads one of these variables, which are not in `process.env`. Only what is not there
 * is looked for in its prototype, so that all else is as it was.
 */
export function tellOfMissing(names: readonly string[], onRead: (name: string) => void): void {
  if (names.length === 0) return
  const untold = new Set<string | symbol>(names)
  const prototype = new Proxy(Object.getPrototypeOf(process.env) as object, {
    get(target, name, receiver) {
      if (typeof name === 'string' && untold.delete(name)) onRead(name)
      return Reflect.get(target, name, receiver)
    },
  })
  Object.setPrototypeOf(process.env, prototype)
}

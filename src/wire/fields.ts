import { JrError } from '../errors.js'

/** Longest texts, in UTF-16 units. */
export const MAX_NAME = 256
export const MAX_TEXT = 4096

export function text(value: unknown, name: string, longest = MAX_NAME): string {
  if (typeof value === 'string' && value.length <= longest) return value
  return refuse(name, `text of at most ${longest}`)
}

/** A name or an id: text of at least one character. */
export function label(value: unknown, name: string): string {
  const read = text(value, name)
  return read === '' ? refuse(name, 'a text that is not empty') : read
}

export function whole(value: unknown, name: string, most = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === 'number' && value >= 0 && value <= most && Number.isInteger(value)) return value
  return refuse(name, `a whole number from 0 to ${most}`)
}

export function flag(value: unknown, name: string): boolean {
  return typeof value === 'boolean' ? value : refuse(name, 'true or false')
}

export function oneOf<T extends string>(value: unknown, choices: readonly T[], name: string): T {
  for (const choice of choices) if (choice === value) return choice
  return refuse(name, choices.join(' or '))
}

export function list<T>(
  value: unknown,
  name: string,
  most: number,
  each: (item: unknown, name: string) => T,
): T[] {
  if (!Array.isArray(value) || value.length > most) return refuse(name, `a list of at most ${most}`)
  return value.map((item) => each(item, name))
}

export function orNull<T>(value: unknown, name: string, read: (value: unknown, name: string) => T): T | null {
  return value === null ? null : read(value, name)
}

export function refuse(name: string, expected: string): never {
  throw new JrError('JR_PROTOCOL', `field '${name}' of a message: expected ${expected}`)
}

const LONGEST_LINE = 500
const LONGEST = 200

/** Text in quotes; an apostrophe inside of a word is none. */
const QUOTED = /(?<![\w\u0080-\uffff])(['"`]).*?\1(?![\w\u0080-\uffff])/g
const WORD = /[\w\u0080-\uffff-]+/g
/** Such as an address, with nothing but signs between its numbers. */
const ROW = /#(?:[.:,/@]+#)+/g

/**
 * A message so that those of like errors are the same: its first line, at most 200 characters of it, with `…` in place of what is
 * in quotes, and `#` in place of each word that has a digit.
 */
export function folded(message: string): string {
  const [line = ''] = message.trimStart().split('\n', 1)
  const short = line.slice(0, LONGEST_LINE).trim()
  const words = short.replace(QUOTED, '$1…$1').replace(WORD, (word) => (/\d/.test(word) ? '#' : word))
  return words.replace(ROW, '#').slice(0, LONGEST)
}

import { ExecutorError } from '../errors.ts'

/** Splits options as a shell would, with quotes and backslashes but without expanding anything. @throws ExecutorError 'failed' */
export function shellWords(text: string): string[] {
  const words: string[] = []
  const pattern = /\s*(?:((?:[^\s'"\\]|\\[\s\S]|'[^']*'|"(?:[^"\\]|\\[\s\S])*")+)|(\S))/y
  let rest = text
  while (rest.trim() !== '') {
    pattern.lastIndex = 0
    const word = pattern.exec(rest)
    if (word?.[1] === undefined) throw new ExecutorError('failed', `a quote is not closed in '${text.slice(0, 200)}'`)
    words.push(unquoted(word[1]))
    rest = rest.slice(pattern.lastIndex)
  }
  return words
}

function unquoted(word: string): string {
  return word.replaceAll(/'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])/g, (_, single, double, escaped) => {
    if (single !== undefined) return single
    return double === undefined ? escaped : double.replaceAll(/\\(["\\$`])/g, '$1')
  })
}

import { createContext, Script } from 'node:vm'
import { messageOf } from '#node/kit'
import { ExecutorError } from '../errors.ts'

/** For all matches in one file; an expression that backtracks without end is stopped. */
const TIMEOUT_MS = 2_000

/** Regular expressions can be interrupted only from within a context of their own. */
const context = createContext({ pattern: /^$/, lines: [''], text: '', replacement: '' })
const TEST_LINES = new Script('lines.map(line => pattern.test(line))')
const REPLACE_ALL = new Script('text.replace(pattern, replacement)')

const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  blank: ' \\t',
  digit: '0-9',
  lower: 'a-z',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\s',
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f',
}

/** An expression of an author: JavaScript's, and `(?i)` at its beginning and `[[:space:]]` as other tools have them. */
export class Pattern {
  readonly #source: string
  readonly #regExp: RegExp

  /** @throws ExecutorError 'failed' */
  constructor(source: string, flags = '') {
    const inline = /^\(\?([ims]+)\)/.exec(source)
    const body = source.slice(inline?.[0].length ?? 0)
    this.#source = source
    const all = new Set(`${flags}${inline?.[1] ?? ''}`)
    try {
      this.#regExp = new RegExp(withoutPosixClasses(body), [...all].join(''))
    } catch (error) {
      throw new ExecutorError('failed', `'${source}' is no regular expression: ${messageOf(error)}`)
    }
  }

  /** Which lines match. @throws ExecutorError 'failed' when it takes too long */
  matches(lines: readonly string[]): readonly boolean[] {
    return this.#within(TEST_LINES, { lines }) as boolean[]
  }

  matchesLine(line: string): boolean {
    return this.matches([line])[0] === true
  }

  /** `$1` is the first group, `$$` a dollar. @throws ExecutorError 'failed' when it takes too long */
  replaceAll(text: string, replacement: string): string {
    return this.#within(REPLACE_ALL, { text, replacement }) as string
  }

  #within(script: Script, values: object): unknown {
    Object.assign(context, { pattern: this.#regExp, ...values })
    try {
      return script.runInContext(context, { timeout: TIMEOUT_MS })
    } catch (error) {
      throw new ExecutorError(
        'failed',
        `the regular expression '${this.#source}' takes too long: make it simpler (${messageOf(error)})`,
      )
    } finally {
      Object.assign(context, { lines: [], text: '', replacement: '' })
    }
  }
}

function withoutPosixClasses(source: string): string {
  return source.replace(/\[:(\w+):\]/g, (whole, name: string) => POSIX_CLASSES[name] ?? whole)
}

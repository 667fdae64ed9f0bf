/** One command of a line of shell, as far as it can be read without running it. */
export interface ShellCommand {
  /** Quotes removed; variables stay as they are written. */
  readonly words: readonly string[]
  /** Files that output goes to. */
  readonly writes: readonly string[]
  /** What it reads from the text behind it (`<<EOF`). */
  readonly document: string
}

const MAX_DEPTH = 8
/** Of a text in quotes, for commands in it: the search goes back and forth. */
const MAX_SEARCHED = 16_384

/**
 * The simple commands of a script, also those of `$(…)` and backquotes, in the order of the text. It does not know what variables
 * hold, and takes whatever it cannot make sense of as words.
 */
export function commandsOf(text: string, depth = 0): ShellCommand[] {
  return depth > MAX_DEPTH ? [] : new Reader(text, depth).read()
}

class Reader {
  readonly #text: string
  readonly #depth: number
  readonly #commands: ShellCommand[] = []
  #at = 0
  #words: string[] = []
  #writes: string[] = []
  #document = ''
  #word: string | null = null
  #isTarget = false
  #delimiters: string[] = []

  constructor(text: string, depth: number) {
    this.#text = text
    this.#depth = depth
  }

  read(): ShellCommand[] {
    while (this.#at < this.#text.length) this.#step()
    this.#endCommand()
    return this.#commands
  }

  #step(): void {
    const char = this.#text[this.#at] ?? ''
    const next = this.#text[this.#at + 1] ?? ''
    if (char === '\\') this.#add(next === '\n' ? '' : next, 2)
    else if (char === "'" || char === '"') this.#quoted(char)
    else if (char === '`') this.#nested('`')
    else if (char === '$' && next === '(') this.#nested(')')
    else if (char === '#' && this.#word === null) this.#skipTo('\n')
    else if (char === '\n') this.#newline()
    else if (/\s/.test(char)) this.#endWord(1)
    else if (char === '<' && next === '<') this.#hereDocument()
    else if (char === '>' || char === '<') this.#redirection(char, 1)
    else if (char === '&' && next === '>') this.#redirection('>', 2)
    else if (/[;&|(){}]/.test(char) && !this.#isBrace(char)) {
      this.#endCommand()
      this.#at++
    } else this.#add(char, 1)
  }

  /** `{a,b}` within a word is no group of commands. */
  #isBrace(char: string): boolean {
    if (char === '}') return this.#word?.includes('{') === true
    return char === '{' && (this.#word !== null || !/[\s]/.test(this.#text[this.#at + 1] ?? ' '))
  }

  #add(text: string, length: number): void {
    this.#word = (this.#word ?? '') + text
    this.#at += length
  }

  #quoted(quote: "'" | '"'): void {
    let end = this.#at + 1
    let body = ''
    while (end < this.#text.length && this.#text[end] !== quote) {
      if (quote === '"' && this.#text[end] === '\\') end++
      body += this.#text[end] ?? ''
      end++
    }
    if (quote === '"') {
      for (const inner of substitutions(body)) this.#commands.push(...commandsOf(inner, this.#depth + 1))
    }
    this.#add(body, end + 1 - this.#at)
  }

  #nested(close: string): void {
    const start = this.#at + (close === '`' ? 1 : 2)
    let end = start
    let depth = 1
    for (; end < this.#text.length; end++) {
      const char = this.#text[end]
      if (close === ')' && char === '(') depth++
      if (char === close && --depth === 0) break
    }
    this.#commands.push(...commandsOf(this.#text.slice(start, end), this.#depth + 1))
    this.#add('$()', end + 1 - this.#at)
  }

  #redirection(char: string, length: number): void {
    if (this.#word !== null && /^[0-9]+$/.test(this.#word)) this.#word = null
    this.#endWord(0)
    this.#at += length
    while (/[>|&]/.test(this.#text[this.#at] ?? '')) this.#at++
    while (/[ \t]/.test(this.#text[this.#at] ?? '')) this.#at++
    this.#isTarget = char === '>'
  }

  #hereDocument(): void {
    this.#endWord(0)
    const match = /^<<-?[ \t]*(["']?)([^\s"';|&<>]*)\1/.exec(this.#text.slice(this.#at, this.#at + 200))
    if (this.#text[this.#at + 2] === '<' || match === null) {
      this.#at += 3
      return
    }
    this.#delimiters.push(match[2] ?? '')
    this.#at += match[0].length
  }

  #newline(): void {
    this.#endWord(1)
    for (const delimiter of this.#delimiters.splice(0)) {
      const rest = this.#text.slice(this.#at)
      const end = new RegExp(`^\\t*${delimiter.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')}$`, 'm').exec(rest)
      const length = end === null ? rest.length : end.index
      this.#document += rest.slice(0, length)
      this.#at += end === null ? length : length + end[0].length
    }
    this.#endCommand()
  }

  #skipTo(char: string): void {
    const end = this.#text.indexOf(char, this.#at)
    this.#at = end < 0 ? this.#text.length : end
  }

  #endWord(length: number): void {
    if (this.#word !== null) (this.#isTarget ? this.#writes : this.#words).push(this.#word)
    if (this.#word !== null) this.#isTarget = false
    this.#word = null
    this.#at += length
  }

  #endCommand(): void {
    this.#endWord(0)
    if (this.#words.length > 0 || this.#writes.length > 0) {
      this.#commands.push({ words: this.#words, writes: this.#writes, document: this.#document })
    }
    this.#words = []
    this.#writes = []
    this.#document = ''
  }
}

/** Commands inside of a text in double quotes. */
function substitutions(text: string): string[] {
  return [...text.slice(0, MAX_SEARCHED).matchAll(/\$\(([^)]*)\)|`([^`]*)`/g)].map(match => match[1] ?? match[2] ?? '')
}

import { TemplateError } from '../errors.ts'
import { MAX_NESTING } from '../limits.ts'
import { Cursor } from './cursor.ts'
import { Definitions } from './definitions.ts'
import { stringValue } from './literal.ts'
import { placeOf } from './parse-expression.ts'
import { parsePipeline } from './parse-pipeline.ts'
import type { Problems } from './problems.ts'
import { scan } from './scan.ts'
import { Scope } from './scope.ts'
import type { ActionSegment, Segment } from './token.ts'
import type { Block, Definition, Pipeline, Statement } from './tree.ts'

/** The definitions of a text, its own under ''; what is wrong goes to `problems`. */
export function parse(
  text: string,
  placeholders: readonly string[],
  problems: Problems,
): ReadonlyMap<string, Definition> {
  try {
    return new Parser(scan(text, placeholders, problems), problems).parse()
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    problems.add(error.problem({ start: 0, end: 0 }))
    return new Map()
  }
}

/** The action that ended a list of statements, `{{ end }}` or `{{ else … }}`, with its cursor behind that word. */
interface Terminator {
  readonly word: 'end' | 'else'
  readonly action: ActionSegment
  readonly cursor: Cursor
}

interface List {
  readonly statements: Statement[]
  readonly terminator: Terminator | undefined
}

class Parser {
  readonly #segments: readonly Segment[]
  readonly #problems: Problems
  readonly #definitions: Definitions
  #at = 0
  #scope = new Scope()
  /** Ranges around this point, in this definition. */
  #ranges = 0
  #depth = 0
  #deepest = 0

  constructor(segments: readonly Segment[], problems: Problems) {
    this.#segments = segments
    this.#problems = problems
    this.#definitions = new Definitions(problems)
  }

  parse(): ReadonlyMap<string, Definition> {
    const body: Statement[] = []
    while (this.#at < this.#segments.length && !this.#problems.isFull) {
      const { statements, terminator } = this.#list()
      for (const statement of statements) body.push(statement)
      if (terminator === undefined) continue
      const { word, action } = terminator
      this.#problems.syntax(action, `{{ ${word} }} without an open {{ if }}, {{ with }} or {{ range }}`)
    }
    return this.#definitions.close({ name: '', body, nesting: this.#deepest + 1 })
  }

  /** Statements up to an `end` or `else` that is not theirs, or up to the end of the text. */
  #list(): List {
    const statements: Statement[] = []
    for (;;) {
      const segment = this.#problems.isFull ? undefined : this.#segments[this.#at++]
      if (segment === undefined) return { statements, terminator: undefined }
      if (segment.kind === 'text') {
        statements.push({ kind: 'text', text: segment.text })
        continue
      }
      const cursor = new Cursor(segment.tokens, { start: Math.max(segment.start, segment.end - 2), end: segment.end })
      const word = cursor.solid?.kind === 'word' ? cursor.solid.text : ''
      if (word === 'end' || word === 'else') {
        cursor.takeSolid()
        return { statements, terminator: { word, action: segment, cursor } }
      }
      const statement = this.#statement(word, segment, cursor)
      if (statement !== undefined) statements.push(statement)
    }
  }

  #statement(word: string, action: ActionSegment, cursor: Cursor): Statement | undefined {
    if (BLOCK_WORDS.has(word) || word === 'template') cursor.takeSolid()
    switch (word) {
      case 'if':
      case 'with':
        return this.#conditional(word, action, cursor)
      case 'range':
        return this.#range(action, cursor)
      case 'define':
        return this.#define(action, cursor)
      case 'block':
        return this.#block(action, cursor)
      case 'template':
        return this.#attempt(action, () => this.#invocation(action, cursor, 'template'))
      case 'break':
      case 'continue':
        return this.#attempt(action, () => this.#jump(word, action, cursor))
      default: {
        const pipeline = this.#pipeline(action, cursor, 'this action')
        return pipeline && { kind: 'output', pipeline }
      }
    }
  }

  #conditional(kind: 'if' | 'with', action: ActionSegment, cursor: Cursor): Statement | undefined {
    const mark = this.#scope.mark()
    const branches: { condition: Pipeline; body: Block }[] = []
    let condition = this.#pipeline(action, cursor, `{{ ${kind} }}`)
    let otherwise: Block = []
    for (;;) {
      const { statements, terminator } = this.#nested(kind, action)
      if (condition !== undefined) branches.push({ condition, body: statements })
      if (terminator === undefined) break
      if (terminator.word === 'end') {
        this.#requireEnd(terminator)
        break
      }
      if (terminator.cursor.solid?.text === kind) {
        terminator.cursor.takeSolid()
        condition = this.#pipeline(terminator.action, terminator.cursor, `{{ ${kind} }}`)
        continue
      }
      otherwise = this.#otherwise(kind, action, terminator)
      break
    }
    this.#scope.release(mark)
    return { kind, branches, otherwise }
  }

  #range(action: ActionSegment, cursor: Cursor): Statement | undefined {
    const mark = this.#scope.mark()
    const over = this.#pipeline(action, cursor, '{{ range }}')
    this.#ranges++
    const { statements: body, terminator } = this.#nested('range', action)
    this.#ranges--
    let otherwise: Block = []
    if (terminator?.word === 'end') this.#requireEnd(terminator)
    if (terminator?.word === 'else') otherwise = this.#otherwise('range', action, terminator)
    this.#scope.release(mark)
    return over && { kind: 'range', over, body, otherwise }
  }

  #define(action: ActionSegment, cursor: Cursor): undefined {
    const name = this.#attempt(action, () => {
      const word = this.#name(cursor, 'define')
      cursor.requireEnd('the name')
      if (this.#depth === 0) return word
      const hint = 'move it out of the block that it is in'
      throw new TemplateError('syntax', '{{ define }} must not stand inside another block', hint, placeOf(action))
    })
    this.#definition(name, 'define', action)
  }

  /** `{{ block "name" value }} … {{ end }}` defines a template and uses it here. */
  #block(action: ActionSegment, cursor: Cursor): Statement | undefined {
    const invocation = this.#attempt(action, () => this.#invocation(action, cursor, 'block'))
    this.#definition(invocation?.kind === 'template' ? invocation.name : undefined, 'block', action)
    return invocation
  }

  #definition(name: string | undefined, word: 'define' | 'block', action: ActionSegment): void {
    const outer = { scope: this.#scope, ranges: this.#ranges, deepest: this.#deepest }
    this.#scope = new Scope()
    this.#ranges = 0
    this.#deepest = this.#depth
    const { statements: body, terminator } = this.#nested(word, action)
    if (terminator?.word === 'end') this.#requireEnd(terminator)
    if (terminator?.word === 'else') {
      this.#problems.syntax(terminator.action, `{{ ${word} }} has no {{ else }}`)
      this.#otherwise(word, action, terminator)
    }
    const nesting = this.#deepest - this.#depth + 1
    this.#scope = outer.scope
    this.#ranges = outer.ranges
    this.#deepest = Math.max(outer.deepest, this.#deepest)
    if (name !== undefined) this.#definitions.add({ name, body, nesting }, placeOf(action))
  }

  #invocation(action: ActionSegment, cursor: Cursor, word: 'template' | 'block'): Statement {
    const name = this.#name(cursor, word)
    const place = placeOf(action)
    if (word === 'template') this.#definitions.use(name, place)
    if (word === 'template' && cursor.solid === undefined)
      return { kind: 'template', name, argument: undefined, ...place }
    const argument = this.#pipeline(action, cursor, `{{ ${word} }}`)
    return { kind: 'template', name, argument, ...place }
  }

  #name(cursor: Cursor, word: string): string {
    const token = cursor.takeSolid()
    if (token?.kind === 'string' || token?.kind === 'raw-string') {
      const name = stringValue(token)
      if (name !== '') return name
    }
    throw new TemplateError('syntax', `{{ ${word} }} needs a name in quotes`, `write {{ ${word} "name" … }}`, {
      ...placeOf(token ?? cursor.end),
    })
  }

  #jump(kind: 'break' | 'continue', action: ActionSegment, cursor: Cursor): Statement {
    cursor.takeSolid()
    cursor.requireEnd(kind)
    if (this.#ranges > 0) return { kind }
    throw new TemplateError('syntax', `{{ ${kind} }} outside {{ range }}`, '', placeOf(action))
  }

  /** What is between `{{ else }}` and its `{{ end }}`. */
  #otherwise(word: string, action: ActionSegment, terminator: Terminator): Block {
    const extra = terminator.cursor.solid
    if (extra !== undefined) {
      const hint = extra.text === 'if' || extra.text === 'with' ? 'put it into a block of its own after {{ else }}' : ''
      this.#problems.syntax(extra, `'${extra.text}' cannot follow else in {{ ${word} }}`, hint)
    }
    const { statements, terminator: first } = this.#nested(word, action)
    let end = first
    while (end?.word === 'else') {
      this.#problems.syntax(end.action, `this {{ ${word} }} has an {{ else }} already`, 'it must be the last part')
      end = this.#nested(word, action).terminator
    }
    if (end !== undefined) this.#requireEnd(end)
    return statements
  }

  /** A list inside a block that `action` opened; reports when the text ends first. */
  #nested(word: string, action: ActionSegment): List {
    if (++this.#depth > MAX_NESTING) {
      throw new TemplateError('limit', `blocks are nested deeper than ${MAX_NESTING}`, '', placeOf(action))
    }
    this.#deepest = Math.max(this.#deepest, this.#depth)
    const mark = this.#scope.mark()
    const list = this.#list()
    this.#scope.release(mark)
    this.#depth--
    if (list.terminator === undefined) {
      this.#problems.syntax(action, `this {{ ${word} }} has no {{ end }}`, 'add {{ end }} where it ends')
    }
    return list
  }

  #pipeline(action: ActionSegment, cursor: Cursor, what: string): Pipeline | undefined {
    const context = { cursor, scope: this.#scope, problems: this.#problems, what }
    const parsed = this.#attempt(action, () => parsePipeline(context))
    this.#deepest = Math.max(this.#deepest, this.#depth + (parsed?.nesting ?? 0))
    return parsed?.pipeline
  }

  #requireEnd({ cursor, action }: Terminator): void {
    this.#attempt(action, () => cursor.requireEnd('end'))
  }

  /** What is wrong in one action does not keep the others from being read. */
  #attempt<T>(action: ActionSegment, read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      if (!action.broken) this.#problems.add(error.problem(action))
      for (const token of action.tokens) {
        if (token.kind === 'variable' && this.#scope.find(token.text) === undefined) this.#scope.declare(token.text)
      }
      return undefined
    }
  }
}

const BLOCK_WORDS: ReadonlySet<string> = new Set(['if', 'with', 'range', 'define', 'block'])

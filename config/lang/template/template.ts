import type { TemplateProblem } from './errors.ts'
import { Program } from './evaluate/program.ts'
import { MAX_TEMPLATE_UNITS } from './limits.ts'
import { parse } from './syntax/parse.ts'
import { Problems } from './syntax/problems.ts'
import { type Reference, referencesOf } from './syntax/references.ts'
import type { Definition, Pipeline } from './syntax/tree.ts'

/** A text that was read, ready to be rendered any number of times. */
export interface Template {
  readonly text: string
  /** The text has no actions: it renders to itself. */
  readonly isPlain: boolean
  readonly usesVariables: readonly Reference[]
  /** Undefined when plain. */
  readonly program: Program | undefined
  /** Set when the template is a single action and no other text: its value can be had with its type. */
  readonly single: Pipeline | undefined
}

export type ParsedTemplate =
  | { readonly ok: true; readonly template: Template }
  | { readonly ok: false; readonly errors: readonly TemplateProblem[] }

export interface ParseOptions {
  /** Words whose actions stay as they are, because another program fills them in: `{{secret_file}}`. Letters and `_` only. */
  readonly placeholders?: readonly string[]
}

/** Whether a text has anything to render; cheaper than reading it. */
export function hasActions(text: string): boolean {
  return text.includes('{{')
}

/** Texts are few, short and the same in many places; a long one is read by whoever keeps it. */
const MAX_KEPT = 10_000
const MAX_KEPT_UNITS = 1000
const kept = new Map<string, ParsedTemplate>()

/** Reads a template in Go's syntax. All errors that can be told apart are reported, in the order of the text. */
export function parseTemplate(text: string, { placeholders = [] }: ParseOptions = {}): ParsedTemplate {
  if (!hasActions(text)) return { ok: true, template: plain(text) }
  const key = `${placeholders.join(' ')}\n${text}`
  const known = kept.get(key)
  if (known !== undefined) return known
  const parsed = read(text, placeholders)
  if (kept.size >= MAX_KEPT) kept.clear()
  if (key.length <= MAX_KEPT_UNITS) kept.set(key, parsed)
  return parsed
}

function read(text: string, placeholders: readonly string[]): ParsedTemplate {
  const problems = new Problems()
  if (text.length > MAX_TEMPLATE_UNITS) {
    const message = `the template is longer than ${MAX_TEMPLATE_UNITS} characters`
    return { ok: false, errors: [{ code: 'limit', offset: 0, length: 0, message, hint: 'split it' }] }
  }
  const definitions = parse(text, placeholders, problems)
  const errors = problems.all
  if (errors.length > 0) return { ok: false, errors }
  const body = definitions.get('')?.body ?? []
  if (definitions.size === 1 && body.length === 1 && body[0]?.kind === 'text' && body[0].text === text) {
    return { ok: true, template: plain(text) }
  }
  return { ok: true, template: compiled(text, definitions) }
}

function compiled(text: string, definitions: ReadonlyMap<string, Definition>): Template {
  const body = definitions.get('')?.body ?? []
  const [only] = body
  const single =
    body.length === 1 && only?.kind === 'output' && only.pipeline.sets === 'none' ? only.pipeline : undefined
  return {
    text,
    isPlain: false,
    usesVariables: referencesOf(definitions),
    program: new Program(text, definitions.values()),
    single,
  }
}

function plain(text: string): Template {
  return { text, isPlain: true, usesVariables: [], program: undefined, single: undefined }
}

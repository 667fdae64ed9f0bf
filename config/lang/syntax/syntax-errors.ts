import type { CST, Document, YAMLParseError } from 'yaml'
import type { Diagnostics } from '../diagnostic.ts'
import { endOfLine, type SourceFile, startOfLine } from '../source.ts'
import type { Findings } from './inspect.ts'
import { MAX_SYNTAX_ERRORS } from './limits.ts'
import { type Translation, translateError } from './translate.ts'

/** Reports everything that is not the language's YAML, the first mistake of each line. Whether there was one. */
export function reportSyntaxErrors(
  file: SourceFile,
  parsed: { tokens: readonly CST.Token[]; findings: Findings; documents: readonly Document.Parsed[] },
  diagnostics: Diagnostics,
): boolean {
  const { text } = file
  const lines = new Set<number>()
  const report = ({ start, end, code, message, hint }: Translation, cause = start): void => {
    const line = startOfLine(text, start)
    const isNews = !lines.has(line) && !lines.has(startOfLine(text, cause))
    lines.add(line).add(startOfLine(text, cause))
    if (isNews) diagnostics.error({ code, span: { file, start, end }, message, hint })
  }
  for (const found of foreign(text, parsed)) report(found)
  const errors = parsed.documents.slice(0, 2).flatMap(document => document.errors as readonly YAMLParseError[])
  for (const error of errors.slice(0, MAX_SYNTAX_ERRORS)) {
    report(translateError(error, text, parsed.findings), error.pos[0])
  }
  return lines.size > 0
}

/** What YAML allows and the language does not, or reads as something that nobody means. */
function* foreign(
  text: string,
  parsed: { tokens: readonly CST.Token[]; findings: Findings; documents: readonly Document.Parsed[] },
): Generator<Translation> {
  for (const { start, end } of parsed.findings.bareTemplates) {
    const value = bareValue(text, start, end)
    yield {
      code: 'yaml-bare-template',
      start,
      end,
      message: 'a value that starts with {{ needs quotes: without them YAML reads a map',
      hint: `quote the whole value: ${value.includes('"') ? `'${value}'` : `"${value}"`}`,
    }
  }
  for (const { offset, source } of parsed.findings.tags.slice(0, MAX_SYNTAX_ERRORS)) {
    yield {
      code: 'yaml-tag',
      start: offset,
      end: offset + source.length,
      message: `YAML tags such as '${source.slice(0, 40)}' are not part of the language`,
      hint: 'take it away; quote the value if it is text that starts with !',
    }
  }
  for (const { offset, source } of parsed.tokens.filter(token => token.type === 'directive')) {
    yield {
      code: 'yaml-directive',
      start: offset,
      end: offset + source.length,
      message: 'YAML directives are not part of the language',
      hint: 'take the line away; quote a value that starts with %',
    }
  }
  const [first, second] = parsed.documents
  if (first !== undefined && second !== undefined) {
    const marker = text.indexOf('---', first.range[1])
    const start = marker < 0 ? second.range[0] : marker
    yield {
      code: 'yaml-documents',
      start,
      end: start + 3,
      message: 'a second YAML document starts here; a file holds one',
      hint: "take the '---' away, or make two files",
    }
  }
}

/** What the quotes should enclose: inside brackets the template, else the line up to a comment. */
function bareValue(text: string, start: number, end: number): string {
  if (/^\s*[,\]}]/.test(text.slice(end, end + 20))) return text.slice(start, end)
  const line = text.slice(start, Math.min(endOfLine(text, start), start + 200))
  const comment = line.indexOf(' #')
  return (comment < 0 ? line : line.slice(0, comment)).trimEnd()
}

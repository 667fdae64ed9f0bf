import type { Diagnostics } from '../diagnostic.ts'
import type { ScalarNode } from '../node.ts'
import type { SourceFile } from '../source.ts'
import { checkTemplates, resourceContext } from './templates.ts'

/** Reports what is wrong with a `.tmpl` file. Whether something repeats the resource that uses it, the file alone does not tell. */
export function checkTemplateFile(file: SourceFile, diagnostics: Diagnostics): void {
  checkTemplates(wholeText(file), resourceContext(true), diagnostics)
}

/** The file as one value: places inside it are its own offsets. */
function wholeText(file: SourceFile): ScalarNode {
  const span = { file, start: 0, end: file.text.length }
  return { kind: 'scalar', value: file.text, source: file.text, style: 'plain', span }
}

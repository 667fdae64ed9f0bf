import { type Diagnostics, type Located, type SourceFile, suggest } from '#config/lang'
import type { Crate } from './config-store.ts'
import { outlineOf } from './outline.ts'
import { couldBe } from './resource-references.ts'

/** Whether a `source:` means a file of the tree: no path on the machine, no URL, no secret, and not a template that decides later. */
export function isTreeSource(source: string): boolean {
  return !source.startsWith('/') && !source.startsWith('{{') && !/^[A-Za-z][A-Za-z0-9+.-]*:/.test(source)
}

/** The template that a source names: by its path in the tree, or below `templates/`. */
export function templateNamed(templates: ReadonlyMap<string, SourceFile>, source: string): SourceFile | undefined {
  const path = source.replace(/^\.\//, '')
  return templates.get(path) ?? templates.get(`templates/${path}`)
}

/** Reports files of the tree that `source:` names and that are not there. */
export function checkTemplateSources(
  crate: Crate,
  templates: ReadonlyMap<string, SourceFile>,
  diagnostics: Diagnostics,
): void {
  for (const source of outlineOf(crate.declaration).sources) {
    if (source.value.includes('{{') || !isTreeSource(source.value)) continue
    if (templateNamed(templates, source.value) === undefined) reportUnknownTemplate(source, templates, diagnostics)
  }
}

export function reportUnknownTemplate(
  source: Located<string>,
  templates: ReadonlyMap<string, SourceFile>,
  diagnostics: Pick<Diagnostics, 'error'>,
): void {
  const isTemplate = source.value.endsWith('.tmpl')
  diagnostics.error({
    code: 'unknown-template',
    span: source.span,
    message: isTemplate
      ? `there is no template '${source.value.slice(0, 120)}' in the tree`
      : `'${source.value.slice(0, 120)}' is neither a template of the tree, nor an absolute path on the machine, nor a URL`,
    hint: isTemplate
      ? suggest(source.value, Array.from(templates.keys()), all =>
          all === '' ? "add it, for example as 'templates/<name>.tmpl'" : `there is ${all}`,
        )
      : "only .vgo and .tmpl files are published: write 'templates/<name>.tmpl', '/path' or 'https://…'",
  })
}

/** The templates that a crate's resources lead to; a name with a template in it leads to all that it could become. */
export function templatesUsedBy(crate: Crate, templates: ReadonlyMap<string, SourceFile>): string[] {
  return outlineOf(crate.declaration).sources.flatMap(({ value: source }) => {
    if (!source.includes('{{')) return [templateNamed(templates, source)?.path].filter(path => path !== undefined)
    return Array.from(templates.keys()).filter(path => couldBe(source, path) || couldBe(`templates/${source}`, path))
  })
}

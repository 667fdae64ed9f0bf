import type { TemplateProblem } from './errors.ts'
import { TemplateError } from './errors.ts'
import type { Frame } from './evaluate/frame.ts'
import { Run } from './evaluate/run.ts'
import { requireShallow } from './format/walk.ts'
import { DEFAULT_LIMITS, type TemplateLimits } from './limits.ts'
import type { Template } from './template.ts'
import { isList, keysOf, memberOf, type Value, type ValueMap } from './value.ts'

export type Rendered =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly error: TemplateProblem }

export type RenderedValue =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: TemplateProblem }

/** The text that the template makes of the data, whose keys are the namespaces: `Vars`, `Traits`, `Item`, `Each`. */
export function renderTemplate(template: Template, data: ValueMap, limits: Partial<TemplateLimits> = {}): Rendered {
  const { program } = template
  if (program === undefined) return { ok: true, text: template.text }
  const run = new Run({ ...DEFAULT_LIMITS, ...limits })
  return guarded(run, () => {
    program.definition('').execute(frameOf(run, data))
    return { ok: true, text: run.text }
  })
}

/**
 * The value of a template that is a single action, with its type: `{{ .Vars.ports }}` gives the list itself. The text of any
 * other template, and of a single action of a text. Null stays null.
 */
export function renderValue(template: Template, data: ValueMap, limits: Partial<TemplateLimits> = {}): RenderedValue {
  const { program, single } = template
  if (program === undefined || single === undefined) {
    const rendered = renderTemplate(template, data, limits)
    return rendered.ok ? { ok: true, value: rendered.text } : rendered
  }
  const run = new Run({ ...DEFAULT_LIMITS, ...limits })
  return guarded(run, () => {
    const value = program.pipeline(single)(frameOf(run, data))
    run.at = single
    payFor(value, run, 0)
    return { ok: true, value }
  })
}

function frameOf(run: Run, data: ValueMap): Frame {
  return { run, root: data, slots: [data], dot: data }
}

function guarded<T>(run: Run, render: () => T): T | { readonly ok: false; readonly error: TemplateProblem } {
  try {
    return render()
  } catch (error) {
    if (error instanceof TemplateError) return { ok: false, error: error.problem(run.at) }
    throw error
  }
}

/** A value that functions made may share parts a billion times; whoever gets it must be able to walk it. */
function payFor(value: Value, run: Run, depth: number): void {
  run.charge(1)
  if (typeof value !== 'object' || value === null) return
  requireShallow(depth)
  if (isList(value)) for (const item of value) payFor(item, run, depth + 1)
  else for (const key of keysOf(value)) payFor(memberOf(value, key)!, run, depth + 1)
}

import { accessFunctions } from './access.ts'
import { collectionFunctions } from './collections.ts'
import { comparisonFunctions } from './comparison.ts'
import { defaultFunctions } from './defaults.ts'
import { encodingFunctions } from './encoding.ts'
import { logicFunctions } from './logic.ts'
import { numberFunctions } from './numbers.ts'
import { printingFunctions } from './printing.ts'
import type { TemplateFunction } from './signature.ts'
import { textFunctions } from './text.ts'

/** Every function that a template can call, by name. */
export const templateFunctions: ReadonlyMap<string, TemplateFunction> = new Map(
  [
    ...logicFunctions,
    ...comparisonFunctions,
    ...accessFunctions,
    ...printingFunctions,
    ...defaultFunctions,
    ...textFunctions,
    ...numberFunctions,
    ...collectionFunctions,
    ...encodingFunctions,
  ].map(each => [each.name, each]),
)

export type { TemplateFunction } from './signature.ts'

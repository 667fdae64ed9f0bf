import { controlCases } from './control.golden.ts'
import { functionCases } from './functions.golden.ts'
import type { Golden } from './golden.ts'
import { literalCases } from './literals.golden.ts'
import { ownCases } from './own.golden.ts'
import { printfCases } from './printf.golden.ts'
import { textCases } from './text.golden.ts'
import { valueCases } from './values.golden.ts'
import { variableCases } from './variables.golden.ts'

/** What templates must do, written from Go's documentation; `interop-tests/template` holds it against Go itself. */
export const golden: Readonly<Record<string, readonly Golden[]>> = {
  text: textCases,
  literals: literalCases,
  values: valueCases,
  control: controlCases,
  variables: variableCases,
  functions: functionCases,
  printf: printfCases,
  own: ownCases,
}

export type { Golden } from './golden.ts'

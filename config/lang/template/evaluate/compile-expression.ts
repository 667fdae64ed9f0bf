import type { Expression, Pipeline } from '../syntax/tree.ts'
import { compileCall, compileOptionalIndex } from './compile-call.ts'
import { compileChain, compileOptionalChain } from './compile-chain.ts'
import type { Compiler, Evaluate, EvaluateOptional } from './frame.ts'

export function compileExpression(expression: Expression, compiler: Compiler): Evaluate {
  switch (expression.kind) {
    case 'literal': {
      const { value } = expression
      return () => value
    }
    case 'dot':
      return frame => frame.dot
    case 'variable': {
      const { slot } = expression
      return frame => frame.slots[slot]!
    }
    case 'chain':
      return compileChain(compiler.expression(expression.base), expression.names, { text: compiler.text, expression })
    case 'parenthesis':
      return compiler.pipeline(expression.pipeline)
    case 'call':
      return compileCall(expression, compiler)
  }
}

export function compileOptional(expression: Expression, compiler: Compiler): EvaluateOptional {
  if (expression.kind === 'chain') {
    const { base, names } = expression
    return compileOptionalChain(compiler.optional(base), names, { text: compiler.text, expression })
  }
  if (expression.kind === 'parenthesis' && expression.pipeline.sets === 'none') {
    return compiler.optional(expression.pipeline.value)
  }
  if (expression.kind === 'call' && expression.name === 'index') return compileOptionalIndex(expression, compiler)
  return compiler.expression(expression)
}

export function compilePipeline(pipeline: Pipeline, compiler: Compiler): Evaluate {
  const evaluate = compiler.expression(pipeline.value)
  const slots = pipeline.targets.map(({ slot }) => slot)
  if (slots.length === 0) return evaluate
  return frame => {
    const value = evaluate(frame)
    for (const slot of slots) frame.slots[slot] = value
    return value
  }
}

import { valueText } from '../format/print.ts'
import type { Block, Statement } from '../syntax/tree.ts'
import { isTrue, type Value } from '../value.ts'
import { compileRange } from './compile-range.ts'
import {
  BREAK,
  CONTINUE,
  type Compiler,
  type Ending,
  type Evaluate,
  type Execute,
  type Frame,
  NORMAL,
} from './frame.ts'

export function compileBlock(block: Block, compiler: Compiler): Execute {
  const steps = block.map(statement => compileStatement(statement, compiler))
  const cost = steps.length + 1
  return frame => {
    frame.run.charge(cost)
    for (const step of steps) {
      const ending = step(frame)
      if (ending !== NORMAL) return ending
    }
    return NORMAL
  }
}

function compileStatement(statement: Statement, compiler: Compiler): Execute {
  switch (statement.kind) {
    case 'text': {
      const { text } = statement
      return frame => {
        frame.run.write(text)
        return NORMAL
      }
    }
    case 'output':
      return compileOutput(statement, compiler)
    case 'if':
    case 'with':
      return compileConditional(statement, compiler)
    case 'range':
      return compileRange(statement, compiler)
    case 'template':
      return compileInvocation(statement, compiler)
    case 'break':
      return () => BREAK
    case 'continue':
      return () => CONTINUE
  }
}

function compileOutput({ pipeline }: Extract<Statement, { kind: 'output' }>, compiler: Compiler): Execute {
  const evaluate = compiler.pipeline(pipeline)
  if (pipeline.sets !== 'none') {
    return frame => {
      evaluate(frame)
      return NORMAL
    }
  }
  return frame => {
    const value = evaluate(frame)
    frame.run.at = pipeline
    frame.run.write(typeof value === 'string' ? value : valueText(value, frame.run))
    return NORMAL
  }
}

function compileConditional(statement: Extract<Statement, { kind: 'if' | 'with' }>, compiler: Compiler): Execute {
  const otherwise = compiler.block(statement.otherwise)
  const branches = statement.branches.map(({ condition, body }) => ({
    condition: compiler.pipeline(condition),
    body: compiler.block(body),
  }))
  const moves = statement.kind === 'with'
  return frame => {
    for (const { condition, body } of branches) {
      frame.run.charge(1)
      const value = condition(frame)
      if (isTrue(value)) return moves ? withDot(frame, value, body) : body(frame)
    }
    return otherwise(frame)
  }
}

/** Whoever throws leaves the frame for good, so that only the usual ways out restore the dot. */
function withDot(frame: Frame, dot: Value, body: Execute): Ending {
  const before = frame.dot
  frame.dot = dot
  const ending = body(frame)
  frame.dot = before
  return ending
}

function compileInvocation(statement: Extract<Statement, { kind: 'template' }>, compiler: Compiler): Execute {
  const argument: Evaluate = statement.argument ? compiler.pipeline(statement.argument) : () => null
  return frame => {
    const dot = argument(frame)
    const { run } = frame
    const { execute, nesting } = compiler.definition(statement.name)
    run.at = statement
    run.enter(statement.name, nesting)
    execute({ run, root: frame.root, dot, slots: [dot] })
    run.leave(nesting)
    return NORMAL
  }
}

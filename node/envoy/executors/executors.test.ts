import { describe, expect, test } from 'vitest'
import { resourceSchemas } from '#config/lang'
import { executorOf } from './index.ts'

/** Types of the language that no machine applies yet. */
const MISSING = ['container', 'vm']

describe('the executors', () => {
  test.each([...resourceSchemas.keys()].filter(type => !MISSING.includes(type)))('have one for %s', type => {
    expect(executorOf(type)).toMatchObject({ type })
  })

  test('have none for a type that the language does not know, or that is not there yet', () => {
    for (const type of [...MISSING, 'no-such-type', '__proto__', 'toString']) expect(executorOf(type)).toBeUndefined()
  })
})

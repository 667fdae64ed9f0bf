import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ApiError, errorBody, exitCodeOf, statusOf } from '#node/api'
import { VigoError } from '#node/kit'

test('the operator guide lists the exit codes as they are', () => {
  const guide = readFileSync(new URL('../../docs/operator-guide.md', import.meta.url), 'utf8')
  const rows = [...guide.matchAll(/^\| (\d+) \| [^|]+ \|([^|]*)\|$/gm)]
  const listed = rows.flatMap(([, exit, codes = '']) =>
    [...codes.matchAll(/`([a-z-]+)`/g)].map(([, code = '']) => [code, Number(exit)] as const),
  )
  expect(listed.length).toBeGreaterThan(25)
  for (const [code, exit] of listed) expect([code, exitCodeOf(new VigoError(code, ''))]).toEqual([code, exit])
})

test('what is not ours is a failure without details', () => {
  expect(statusOf(new Error('boom'))).toBe(500)
  expect(exitCodeOf(new Error('boom'))).toBe(1)
  expect(errorBody(new Error('boom'))).toEqual({ code: 'internal', message: 'boom' })
  expect(errorBody(new ApiError('forbidden', 'no', { context: { a: 1 } }))).toEqual({
    code: 'forbidden',
    message: 'no',
    details: { a: 1 },
  })
})

import { expect, test } from 'vitest'
import { Links } from './links.ts'

test('a member that is suggested after the end is not followed: nobody would end the subscription', () => {
  const followed: string[] = []
  const links = new Links({
    blob: 'ab'.repeat(32),
    replica: false,
    max: 4,
    open: peer => {
      followed.push(peer)
      return null
    },
    events: { have: () => undefined, also: () => undefined, lost: () => undefined },
  })
  links.suggest('a', 0)
  links.close()
  links.suggest('b', 0)
  links.retry(100_000)
  expect(followed).toEqual(['a'])
})

import { expect, test } from 'vitest'
import { ShortLives } from './short-lives.ts'

test('a peer that ends connections at once is dialled ever more seldom, at least once a minute', () => {
  const lives = new ShortLives()
  const waits: number[] = []
  let now = 0
  for (let end = 0; end < 9; end++) {
    lives.connected('p', now)
    lives.disconnected('p', (now += 100))
    let waited = 0
    while (!lives.mayDial('p', now + waited)) waited += 500
    waits.push(waited / 1000)
    now += waited
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
})

test('a connection that lasts makes up for those that did not, and others are not concerned', () => {
  const lives = new ShortLives()
  for (const at of [0, 1000, 2000]) {
    lives.connected('p', at)
    lives.disconnected('p', at + 1)
  }
  expect(lives.mayDial('p', 3000)).toBe(false)
  expect(lives.mayDial('other', 3000)).toBe(true)
  lives.connected('p', 10_000)
  lives.disconnected('p', 30_000)
  expect(lives.mayDial('p', 30_000)).toBe(true)
})

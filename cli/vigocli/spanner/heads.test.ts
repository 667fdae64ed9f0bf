import { expect, test } from 'vitest'
import type { StacksHead } from '#node/api'
import { headNamed, nameOf } from './heads.ts'

const head = (bolt: string, commit: string): StacksHead => ({
  commit: commit.repeat(40),
  release: commit.repeat(64),
  bolt,
  author: 'anna',
  reason: '',
  time: '',
  isHere: false,
})

const heads = [head('bolt1', 'a'), head('bolt2', 'b'), head('bolt2', 'c')]

test('a head is called by its bolt, or by its commit where the bolt has several, and is found by that', () => {
  expect(heads.map(each => nameOf(each, heads))).toEqual(['bolt1', 'b'.repeat(12), 'c'.repeat(12)])
  for (const each of heads) expect(headNamed(heads, nameOf(each, heads))).toBe(each)
})

test('what names none or several names nothing', () => {
  for (const name of ['bolt2', 'bolt3', 'aaaaa', '']) expect(headNamed(heads, name)).toBeUndefined()
  expect(headNamed(heads, 'aaaaaa')).toBe(heads[0])
})

import { describe, expect, test } from 'vitest'
import { closestName, shorten, suggest } from './suggestion.ts'

describe('the name that was probably meant', () => {
  test.each([
    ['redis_prot', ['redis_port', 'redis_host'], 'redis_port'],
    ['fille', ['field', 'file', 'firewall'], 'file'],
    ['Name', ['fame', 'name'], 'name'],
    ['haeder', ['header', 'leader'], 'header'],
    ['x', ['y', 'xy'], undefined],
    ['X', ['y', 'x'], 'x'],
    ['so', ['os'], 'os'],
    ['nginx', ['apache', 'redis'], undefined],
    ['ab', ['cd'], undefined],
    ['', ['a'], undefined],
    ['name', [], undefined],
    ['a'.repeat(65), ['a'.repeat(65)], undefined],
  ])('of %s among %j is %s', (name, candidates, expected) => {
    expect(closestName(name, candidates)).toBe(expected)
  })

  test('is looked for among the first thousand only', () => {
    const many = Array.from({ length: 1000 }, (_, at) => `other-${at}`)
    expect(closestName('redis', [...many, 'redis'])).toBeUndefined()
  })

  test('or what there is instead, not more than eight', () => {
    expect(suggest('prot', ['port'], known => known)).toBe("did you mean 'port'?")
    expect(suggest('nginx', ['port', 'host'], known => `there is ${known}`)).toBe('there is port, host')
    expect(shorten(Array.from({ length: 11 }, (_, at) => `n${at}`))).toBe('n0, n1, n2, n3, n4, n5, n6, n7 and 3 more')
  })
})

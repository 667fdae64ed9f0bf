import fc from 'fast-check'
import { expect, test } from 'vitest'
import { attributesFor } from '../../fixture.ts'
import { nftScript, parseTable } from './nft.ts'
import { type FirewallAttributes, idOf, inOrder, ruleOf } from './rule.ts'

const rule = (given: Partial<FirewallAttributes>) => ruleOf(attributesFor('firewall', { port: ['22'], ...given }))

test('rules are in the same order, however they came', () => {
  const rules = [
    rule({ action: 'deny' }),
    rule({}),
    rule({ source: '10.0.0.0/8', action: 'deny' }),
    rule({ source: '10.1.0.0/16' }),
    rule({ source: '2001:db8::1', action: 'reject' }),
    rule({ port: ['any'], action: 'deny' }),
    rule({ interface: 'eth0', action: 'deny' }),
  ]
  const expected = ['2001:db8::1', '10.1.0.0/16', '10.0.0.0/8']
  fc.assert(
    fc.property(fc.shuffledSubarray(rules, { minLength: rules.length }), shuffled => {
      const ordered = inOrder(shuffled)
      expect(ordered).toEqual(inOrder(rules))
      expect(ordered.slice(0, 3).map(each => each.source)).toEqual(expected)
      expect(ordered.findIndex(each => each.source === 'any' && each.action === 'allow')).toBeLessThan(
        ordered.findIndex(each => each.source === 'any' && each.action === 'deny' && each.interface === ''),
      )
    }),
  )
})

test('a rule is the same whatever its comment says, and in whatever order its ports are', () => {
  expect(idOf(rule({ port: ['80', '443'], comment: 'a' }))).toBe(idOf(rule({ port: ['443', '80'], comment: 'b' })))
  expect(idOf(rule({ action: 'deny' }))).not.toBe(idOf(rule({})))
})

test('no comment breaks out of the script, and each is found again', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 120 }), comment => {
      const made = rule({ comment })
      const script = nftScript([made])
      expect(script.split('\n')).toHaveLength(nftScript([rule({})]).split('\n').length)
      expect(parseTable(script).get(idOf(made))).toBe(made.comment)
    }),
  )
})

test('without rules the table is gone', () => {
  expect(nftScript([])).toBe('add table inet vigo\ndelete table inet vigo\n')
})

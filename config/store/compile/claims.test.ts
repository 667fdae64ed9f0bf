import { expect, test } from 'vitest'
import { bundleOf, type Files, storeOf } from '../fixture.ts'

const files: Files = {
  'configcrates/compliance.vgo': 'hipaa: ["164.312(a)(1)"]\n',
  'configcrates/web/compliance.vgo': 'compliance:\n  cis-ubuntu: "1.1"\n',
  'configcrates/web/nginx.vgo': 'name: nginx\ncompliance:\n  hipaa: ["164.312(e)(1)"]\nprovides: [tls]\n',
  'configcrates/motd.vgo': 'name: motd\n',
  'compliance.vgo': 'soc2: CC6.1\n',
  'customerA/compliance.vgo': 'soc2: [CC6.2]\n',
  'waivers.vgo':
    'waivers:\n  - { framework: hipaa, control: "1", reason: legacy, match: "old*" }\n  - { framework: cis, control: "2", reason: all, expires: 2027-03-31 }\n',
  'customerA/waivers.vgo': 'waivers:\n  - { framework: cis, control: "3", reason: customer }\n',
  'customerA/envoys.vgo': 'envoys:\n  - match: "*.a"\n    configcrates: [nginx, motd]\n',
  'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [motd]\n',
}
const store = storeOf(files)

test('crates claim what they say and what compliance.vgo says at and above them', () => {
  const { crates } = bundleOf(store, 'web.a')
  expect(crates.map(({ name, compliance, provides }) => ({ name, compliance, provides }))).toEqual([
    {
      name: 'nginx',
      compliance: { 'cis-ubuntu': ['1.1'], hipaa: ['164.312(a)(1)', '164.312(e)(1)'] },
      provides: ['tls'],
    },
    { name: 'motd', compliance: { hipaa: ['164.312(a)(1)'] }, provides: [] },
  ])
})

test('folders claim for the hosts whose entries are in or below them', () => {
  expect(bundleOf(store, 'web.a').claims).toEqual({ soc2: ['CC6.1', 'CC6.2'] })
  expect(bundleOf(store, 'web.b').claims).toEqual({ soc2: ['CC6.1'] })
})

test('waivers hold for the hosts of their folder that they match', () => {
  const controls = (host: string) => bundleOf(store, host).waivers.map(({ control }) => control)
  expect(controls('web.a')).toEqual(['2', '3'])
  expect(controls('old.a')).toEqual(['2', '3', '1'])
  expect(controls('web.b')).toEqual(['2'])
  expect(bundleOf(store, 'web.b').waivers[0]?.expires).toBe('2027-03-31')
})

test('a waiver changes the hash of the hosts that it holds for, and of no others', () => {
  const without = storeOf({ ...files, 'customerA/waivers.vgo': '' })
  expect(bundleOf(without, 'web.a').hash).not.toBe(bundleOf(store, 'web.a').hash)
  expect(bundleOf(without, 'web.b').hash).toBe(bundleOf(store, 'web.b').hash)
})

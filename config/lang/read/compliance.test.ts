import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { plainOf } from '../attribute/index.ts'
import { complaintsAbout, declared } from '../fixture.ts'

describe('waivers and claims', () => {
  test('are read', () => {
    const text =
      'waivers:\n  - framework: hipaa\n    control: "164.312(b)"\n    reason: test machines\n    match: "test*"\n    expires: 2027-03-31\n'
    const [waiver] = declared('waivers.vgo', text).waivers
    expect(
      waiver && [
        waiver.framework.value,
        waiver.control.value,
        waiver.reason.value,
        waiver.match?.value,
        waiver.expires?.value,
      ],
    ).toEqual(['hipaa', '164.312(b)', 'test machines', 'test*', '2027-03-31'])
    const claims = { 'cis-ubuntu': ['1.1', '1.2'], hipaa: '164' }
    for (const path of ['compliance.vgo', 'configcrates/web/compliance.vgo', 'customerA/compliance.vgo']) {
      const bare = declared(path, stringify(claims)).compliance
      const below = declared(path, stringify({ compliance: claims })).compliance
      expect([bare && plainOf(bare), below && plainOf(below)]).toEqual([claims, claims])
    }
  })

  test('are told what is wrong', () => {
    expect(
      complaintsAbout('waivers:\n  - framework: hipaa\n    control: x\n    expires: 31.3.2027\n', 'waivers.vgo'),
    ).toMatchInlineSnapshot(`
      "
      waivers.vgo:2:5: error: a waiver needs 'reason' [missing-key]
        2 |   - framework: hipaa
          |     ^^^^^^^^^
        add 'reason: …'
      waivers.vgo:4:14: error: '31.3.2027' is not a date [date]
        4 |     expires: 31.3.2027
          |              ^^^^^^^^^
        write year, month and day, for example 2027-03-31; the waiver holds until the end of that day in UTC
      "
    `)
    expect(complaintsAbout('hipaa: {a: b}\npci-dss: [1.1, [2]]\n', 'compliance.vgo')).toMatchInlineSnapshot(`
      "
      compliance.vgo:1:8: error: the framework 'hipaa' must have a control or a list of controls [wrong-kind]
        1 | hipaa: {a: b}
          |        ^^^^^^
        write for example 'hipaa: ["164.312(a)(1)"]'
      compliance.vgo:2:16: error: the framework 'pci-dss' must have a control or a list of controls [wrong-kind]
        2 | pci-dss: [1.1, [2]]
          |                ^^^
        write for example 'pci-dss: ["164.312(a)(1)"]'
      "
    `)
  })
})

import { describe, expect, test } from 'vitest'
import { renderDiagnostic } from '#config/lang'
import { type Files, filesOf, storeOf } from '../fixture.ts'
import { sampleTree } from '../sample/index.ts'
import { containers, machines, tutorial } from '../seeds.ts'
import { loadConfig } from '../tree/index.ts'
import { validate } from './index.ts'

const file = (content: string): string =>
  `resources:\n  - name: out\n    type: file\n    target_path: /out\n    content: "${content}"\n    owner: root\n    group: root\n    mode: "0644"\n`
const one = (crate: string, entry = 'configcrates: [x]'): Files => ({
  'configcrates/x.vgo': `name: x\n${crate}`,
  'envoys.vgo': `envoys:\n  - match: "*"\n    ${entry}\n`,
})
const complaints = (files: Files): string =>
  `\n${validate(loadConfig(filesOf(files)))
    .diagnostics.map(renderDiagnostic)
    .join('\n')}\n`

describe('validation', () => {
  test('finds nothing wrong with the examples', () => {
    for (const files of [tutorial, containers, machines]) {
      expect(validate(storeOf(files)).diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
    }
  })

  test('counts what a tree declares', () => {
    expect(validate(storeOf(containers)).counts).toEqual({ configcrates: 2, roles: 1, envoyEntries: 1 })
  })

  test('tells an error that many entries meet once', () => {
    const entries = Array.from({ length: 5 }, (_, at) => `  - match: "web${at}"\n    configcrates: [x]\n`)
    expect(
      complaints({
        'configcrates/x.vgo': `name: x\n${file('{{ .Vars.nothing }}')}`,
        'envoys.vgo': `envoys:\n${entries.join('')}`,
      }),
    ).toMatchInlineSnapshot(`
      "
      configcrates/x.vgo:6:18: error: '.Vars.nothing' is not set [missing-variable]
        6 |     content: "{{ .Vars.nothing }}"
          |                  ^^^^^^^^^^^^^
        give 'nothing' a default in the crate's 'vars:', or set it where the host is matched
        envoys.vgo:2:12: for hosts that 'web0' matches
        envoys.vgo:4:12: for hosts that 'web1' matches
        envoys.vgo:6:12: for hosts that 'web2' matches, and for 2 more entries
      "
    `)
  })

  test('does not mind traits that no sample has, whatever is done with them', () => {
    for (const content of [
      '{{ .Traits.rack.row }}',
      '{{ if gt .Traits.rack.units 3 }}a{{ end }}',
      '{{ range .Traits.disks }}{{ .name }}{{ end }}',
    ]) {
      expect(complaints(one(file(content)))).toBe('\n\n')
    }
    expect(complaints(one(file('x').replace('mode: "0644"', 'mode: "{{ .Traits.modes.default }}"')))).toBe('\n\n')
  })

  test('finds a missing variable also where traits decide whether it is read', () => {
    for (const family of ['debian', 'redhat']) {
      const template = `{{ if eq .Traits.os.family \\"${family}\\" }}{{ .Vars.nothing }}{{ end }}`
      expect(complaints(one(file(template)))).toContain("'.Vars.nothing' is not set [missing-variable]")
    }
    expect(complaints(one(`when: os_family('plan9')\n${file('{{ .Vars.nothing }}')}`))).toContain('missing-variable')
  })

  test('does not take the value of one entry for that of another', () => {
    const files = (value: string): Files => ({
      'configcrates/x.vgo': `name: x\nvars: { mode: "0600", word: a }\n${file('{{ .Vars.word }}').replace('"0644"', '"{{ .Vars.mode }}"')}`,
      'envoys.vgo': `envoys:\n  - match: "a"\n    configcrates: [x]\n  - match: "b"\n    configcrates: [x]\n    vars: { ${value} }\n`,
    })
    expect(complaints(files('word: b'))).toBe('\n\n')
    expect(complaints(files('mode: rw'))).toContain("'mode' must be an octal mode, not 'rw'")
    expect(complaints(files('word: "secret:a//b"'))).toContain('secret-reference')
    expect(complaints(files('word: { a: 1 }'))).toBe('\n\n')
  })

  test('finds two resources that manage the same thing on the hosts of an entry', () => {
    const files = one(file('a'), 'configcrates: [x, y]')
    expect(complaints({ ...files, 'configcrates/y.vgo': `name: y\n${file('b')}` })).toContain('[conflict]')
    const apart = { ...files, 'configcrates/y.vgo': `name: y\nwhen: os_family('debian')\n${file('b')}` }
    expect(complaints(apart)).toBe('\n\n')
  })
})

describe('what nothing leads to', () => {
  test('is every crate that no carrier names, and templates that only such crates use', () => {
    const template = (path: string): string => file('x').replace('content: "x"', `source: "${path}"`)
    const files: Files = {
      'configcrates/used.vgo': `name: used\ndepends_on: [needed]\n${template('a.tmpl')}`,
      'configcrates/needed.vgo': `name: needed\nvars: { kind: b }\n${template('by-kind/{{ .Vars.kind }}.tmpl')}`,
      'configcrates/in-role.vgo': `name: in-role\n${file('x')}`,
      'configcrates/alone.vgo': `name: alone\n${template('alone.tmpl')}`,
      'usercrates/ann.vgo': `name: ann\n${file('x')}`,
      'roles.vgo': 'roles:\n  - name: nobody-has-it\n    configcrates: [in-role]\n',
      'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [used]\n',
      'templates/a.tmpl': 'a',
      'templates/alone.tmpl': 'a',
      'templates/by-kind/b.tmpl': 'b',
      'templates/by-kind/c.tmpl': 'c',
    }
    const { unreferenced, crates } = validate(loadConfig(filesOf(files)))
    expect([...unreferenced].sort()).toEqual(['configcrates/alone.vgo', 'templates/alone.tmpl', 'usercrates/ann.vgo'])
    expect(crates).toContain('usercrates/ann.vgo')
    const rest = Object.fromEntries(Object.entries(files).filter(([path]) => !unreferenced.has(path)))
    expect(loadConfig(filesOf(rest)).hasErrors).toBe(false)
  })
})

test('URLs are those that stand in crates and those that variables make, not those that traits make', () => {
  const repository = (name: string, url: string): string =>
    `  - { name: ${name}, type: repository, repository: ${name}, repo: "deb https://x/ stable main", key_url: "${url}" }\n`
  const files = one(
    `vars: { host: keys.example.com }\nresources:\n${repository('a', 'https://a.example.com/key')}${repository('b', 'https://{{ .Vars.host }}/key')}${repository('c', 'https://{{ .Traits.os.family }}.example.com/key')}`,
  )
  expect(validate(loadConfig(filesOf(files))).urls.map(({ url }) => url)).toEqual([
    'https://a.example.com/key',
    'https://keys.example.com/key',
  ])
})

test('a tree of made-up customers is valid, and the same whenever it is made', () => {
  const size = { seed: 3, configcrates: 40, resources: 190, entries: 50 }
  expect(validate(loadConfig(sampleTree(size))).diagnostics).toEqual([])
  expect(sampleTree(size)).toEqual(sampleTree(size))
  expect(sampleTree({ ...size, seed: 4 })).not.toEqual(sampleTree(size))
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { renderDiagnostic, type SourceFile } from '#config/lang'
import { type Files, filesOf } from '../fixture.ts'
import { sampleTree } from '../sample/index.ts'
import { loadConfig, Memory, ReadCache } from '../tree/index.ts'
import { type Validation, validate } from './index.ts'

const file = (name: string, path: string, more: string): string =>
  `  - name: ${name}\n    type: file\n    target_path: ${path}\n    owner: root\n    group: root\n    mode: "0644"\n${more}`

/** What each file of a tree may be at one time or another; undefined when it is not there. */
const variants: Readonly<Record<string, readonly (string | undefined)[]>> = {
  'configcrates/base.vgo': [
    `name: base\nvars:\n  owner: nobody\nresources:\n${file('conf', '/etc/base', '    content: "{{ .Vars.owner }}"\n')}`,
    `name: base\nresources:\n${file('conf', '/etc/base', '    content: "{{ .Vars.owner }}"\n')}`,
    `name: base\nvars: { owner: "{{ braces }}" }\nresources:\n${file('conf', '/etc/web', '')}`,
    `name: base\ndepends_on: [web]\nresources: []\n`,
    `name: base\nvars: { owner: [1, 2] }\nresources:\n${file('other', '/etc/base', '    content: "{{ .Vars.owner }}"\n')}`,
    'name: base\nresources:\n  - type: fille\n',
    'name: "base\n',
    `resources:\n${file('conf', '/etc/base', '')}`,
    undefined,
  ],
  'configcrates/web.vgo': [
    `name: web\ndepends_on: [base]\nvars: { t: motd }\nresources:\n${file('page', '/etc/web', '    source: motd.tmpl\n    depends_on: [conf]\n')}`,
    `name: web\nvars: { t: motd }\nresources:\n${file('page', '/etc/web', '    source: "{{ .Vars.t }}.tmpl"\n')}`,
    `name: web\ndepends_on: [base]\nresources:\n${file('page', '/etc/web', '    before: [conf]\n')}`,
    `name: web\nvars: { dirs: [a, b] }\nresources:\n${file('page', '"/etc/{{ .Item }}"', '    foreach: dirs\n')}`,
    `name: web\nresources:\n${file('page', '"/etc/{{ .Item }}"', '    foreach: dirs\n')}`,
    `name: web\nwhen: os_family('debian')\nresources:\n  - name: src\n    type: git\n    repo: "https://{{ .Vars.site }}/x.git"\n    target_path: /src\n`,
    `name: web\nresources:\n  - name: src\n    type: git\n    repo: https://example.com/x.git\n    target_path: "{{ if eq .Traits.os.family \\"debian\\" }}/a{{ else }}/b{{ end }}"\n`,
    undefined,
  ],
  'configcrates/db.vgo': [
    `name: db\nvars: { dir: db }\nresources:\n${file('data', '"/etc/{{ .Vars.dir }}"', '')}`,
    `name: db\nvars: { dir: db }\ndepends_on: [base]\nresources:\n${file('data', '"/etc/{{ .Vars.dir }}"', '    subscribes: [base/conf]\n')}`,
    'name: web\nresources: []\n',
    undefined,
    `name: db\nresources:\n${file('data', '/etc/web', '')}`,
    `name: db\nvars: { dir: web }\nresources:\n${file('data', '"/etc/{{ .Vars.dir }}"', '')}`,
    `name: db\nvars: { dir: db }\nresources:\n${file('data', '"/etc/{{ .Vars.dir }}"', '    content: "{{ .Vars.no }}"\n')}`,
  ],
  'templates/motd.tmpl': ['{{ .Vars.site }}\n', 'hello\n', '{{ .Vars.nothing }}\n', '{{ .Vars.', undefined],
  'templates/other.tmpl': ['other {{ .Traits.os.family }}\n', undefined],
  'usercrates/alice.vgo': [`name: alice\nresources:\n${file('home', '/home/alice', '')}`, undefined],
  'roles/app.vgo': [
    'name: app\nconfigcrates: [web, db]\n',
    "name: app\nconfigcrates: [db]\ncase:\n  - when: os_family('redhat')\n    configcrates: [web]\n",
    'name: app\nincludes: [more]\nconfigcrates: [web]\n',
    undefined,
  ],
  'roles/more.vgo': ['name: more\nconfigcrates: [db]\n', 'name: more\nconfigcrates: [base]\nusercrates: [alice]\n'],
  'common.vgo': [
    'vars: { site: example.com }\n',
    'vars: { site: example.org, n: -0 }\nconfigcrates: [base]\n',
    undefined,
  ],
  'environments.vgo': [
    'env:\n  production:\n    vars: { dir: production }\n',
    'env:\n  production:\n    exclude_configcrates: [base]\n',
    undefined,
  ],
  'envoys.vgo': [
    'envoys:\n  - match: "*"\n    roles: [app]\n',
    'envoys:\n  - match: "a*"\n    roles: [app, more]\n  - match: "*"\n    configcrates: [web]\n    usercrates: [alice]\n',
  ],
  'customer/envoys.vgo': [
    'envoys:\n  - match: "web*"\n    roles: [app]\n    vars: { dir: x }\n',
    'envoys:\n  - match: "web*"\n    roles: [app]\n    vars: { dir: base }\n  - match: "web1"\n    roles: [app]\n',
    'envoys:\n  - match: "web*"\n    environment: production\n    roles: [app]\n    vars: { dir: web, t: other }\n',
    'envoys:\n  - match: "web*"\n    environment: production\n    roles: [app]\n',
    undefined,
  ],
}
const paths = Object.keys(variants)

/** A tree, and its changes one after the other: a few files of it are something else. */
const changes = fc.array(
  fc.array(fc.tuple(fc.constantFrom(...paths), fc.oneof(fc.constant(0), fc.nat({ max: 8 }))), {
    minLength: 1,
    maxLength: 2,
  }),
  { minLength: 1, maxLength: 8 },
)

/** As a process does that has nothing but the records of those before. */
function checked(files: readonly SourceFile[], memory: Memory): Validation {
  return validate(loadConfig(files, { cache: new ReadCache(memory) }), { memory })
}

function told({ diagnostics, counts, crates, unreferenced, urls }: Validation) {
  return {
    diagnostics: diagnostics.map(renderDiagnostic),
    counts,
    crates: [...crates],
    unreferenced: [...unreferenced],
    urls: urls.map(({ url, span: { file, start, end } }) => [url, file.path, start, end]),
  }
}

/** Each state checked with what was remembered of those before, and without; answers whether there was an error each time. */
function walk(steps: readonly (readonly (readonly [string, number])[])[]): boolean[] {
  let chosen: Readonly<Record<string, string | undefined>> = {}
  let records: ReadonlyMap<string, string> = new Map()
  return [paths.map(path => [path, 0] as const), ...steps].map(step => {
    chosen = { ...chosen, ...Object.fromEntries(step.map(([path, at]) => [path, pick(path, at)])) }
    const present = Object.entries(chosen).filter((each): each is [string, string] => each[1] !== undefined)
    const files = filesOf(Object.fromEntries(present))
    const memory = new Memory(records)
    const expected = told(validate(loadConfig(files)))
    expect(told(checked(files, memory))).toEqual(expected)
    records = new Map(memory.records)
    return expected.diagnostics.some(text => text.includes(': error: '))
  })
}

describe('a memory of other runs', () => {
  test('changes nothing in what is found, whatever changes in the tree', () => {
    const found: boolean[] = []
    fc.assert(
      fc.property(changes, steps => {
        found.push(...walk(steps))
      }),
      { numRuns: 80 },
    )
    expect(found.filter(hasErrors => hasErrors).length).toBeGreaterThan(20)
    expect(found.filter(hasErrors => !hasErrors).length).toBeGreaterThan(20)
  })

  test.each([
    ['a template that reads what nothing sets', [['templates/motd.tmpl', 2]]],
    ['a template that is gone', [['templates/motd.tmpl', 3]]],
    ['a variable that leads to a resource of another crate', [['customer/envoys.vgo', 1]]],
    ['a resource of another crate in a crate that nobody touched', [['configcrates/db.vgo', 4]]],
    ['a resource of another crate by a default, in a tree of the same shape', [['configcrates/db.vgo', 5]]],
    ['a variable that nothing sets, in a tree of the same shape', [['configcrates/db.vgo', 6]]],
    ['a default that another crate relied on', [['configcrates/base.vgo', 1]]],
    ['a resource that another crate refers to', [['configcrates/base.vgo', 4]]],
    [
      'a crate that the environment excludes',
      [
        ['environments.vgo', 1],
        ['customer/envoys.vgo', 3],
      ],
    ],
  ] as const)('does not hide %s', (_name, step) => {
    expect(walk([step, [], step.map(([path]) => [path, 0])])).toEqual([false, true, true, false])
  })

  test('does not hide that a condition is gone which kept two resources apart', () => {
    const apart = [
      ['roles/app.vgo', 1],
      ['configcrates/db.vgo', 4],
    ] as const
    expect(walk([apart, [['roles/app.vgo', 0]], apart])).toEqual([false, false, true, false])
  })

  test('keeps a tree without fault from being read', () => {
    const size = { configcrates: 20, resources: 100, entries: 20 }
    const memory = new Memory()
    const expected = told(checked(sampleTree(size), memory))
    const again = new Memory(memory.records)
    expect(told(checked(sampleTree(size), again))).toEqual(expected)
    expect(again.hasNews).toBe(false)
    expect(again.records).toEqual(memory.records)
  })

  test('keeps entries from being looked at whose crates did not change', () => {
    const size = { configcrates: 20, resources: 100, entries: 20 }
    const memory = new Memory()
    const files = sampleTree(size)
    checked(files, memory)
    const records = Array.from(memory.records).filter(([key]) => !key.startsWith('entry '))
    const again = new Memory(new Map(records))
    const changed = files.map(file =>
      file.path.endsWith('/crate-5.vgo') ? { ...file, text: file.text.replace('root', 'nobody') } : file,
    )
    checked(changed, again)
    const compiled = [...again.records.keys()].filter(key => key.startsWith('entry '))
    expect(compiled.length).toBeGreaterThan(0)
    expect(compiled.length).toBeLessThan(20)
    expect([...memory.records.keys()]).toEqual(expect.arrayContaining(compiled))
  })

  test('forgets what is of files that are no more', () => {
    const tree = (word: string): Files => ({ 'common.vgo': `vars: { a: ${word} }\n` })
    const first = new Memory()
    checked(filesOf(tree('one')), first)
    const second = new Memory(first.records)
    checked(filesOf(tree('two')), second)
    expect(second.records.size).toBe(first.records.size)
    expect([...second.records.keys()]).not.toEqual([...first.records.keys()])
  })
})

function pick(path: string, at: number): string | undefined {
  const all = variants[path] ?? []
  return all[at % all.length]
}

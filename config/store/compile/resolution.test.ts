import { describe, expect, test } from 'vitest'
import { bundleOf, compileComplaints, DEBIAN, type Files, storeOf } from '../fixture.ts'

/** A crate whose one file shows what a template makes. */
const shows = (name: string, content: string, more = ''): string => `name: ${name}
${more}resources:
  - name: out
    type: file
    target_path: /etc/${name}
    content: "${content}"
    owner: root
    group: root
    mode: "0644"
`
const all = (entry: string): string => `envoys:\n  - match: "*"\n${entry}`
const contents = (files: Files, host = 'web1', traits = DEBIAN) =>
  bundleOf(storeOf(files), host, traits).resources.map(
    ({ id, attributes }) => `${id}: ${attributes['content'] as string}`,
  )

describe('the entry of a host', () => {
  const tree: Files = {
    'configcrates/who.vgo': shows('who', '{{ .Vars.who }}'),
    'envoys.vgo':
      'envoys:\n  - match: "*.example.com"\n    configcrates: [who]\n    vars: { who: fleet }\n  - match: "*"\n    configcrates: [who]\n    vars: { who: rest }\n',
    'customerA/envoys.vgo':
      'envoys:\n  - match: "a1.example.com"\n    configcrates: [who]\n    vars: { who: first }\n  - match: "a*.example.com"\n    configcrates: [who]\n    vars: { who: customer }\n',
  }

  test.each([
    ['a1.example.com', 'first'],
    ['a2.example.com', 'customer'],
    ['A2.Example.COM', 'customer'],
    ['b.example.com', 'fleet'],
    ['b.other.org', 'rest'],
  ])('%s gets that of %s: deeper folders first, in a file from top to bottom', (host, who) => {
    expect(contents(tree, host)).toEqual([`who/out: ${who}`])
  })
})

describe('variables', () => {
  const layers: Files = {
    'configcrates/base.vgo': shows(
      'base',
      '{{ .Vars.base_only }}',
      'vars: { base_only: base default, shared: base }\n',
    ),
    'configcrates/app.vgo': shows(
      'app',
      '{{ .Vars.env }},{{ .Vars.match }},{{ .Vars.deep }},{{ .Vars.top }},{{ .Vars.own }},{{ .Vars.base_only }},{{ .Vars.shared }}',
      'depends_on: [base]\nvars: { env: 0, match: 0, deep: 0, top: 0, own: own default, shared: app }\n',
    ),
    'common.vgo': 'vars: { env: 1, match: 1, deep: 1, top: top common }\n',
    'a/common.vgo': 'vars: { env: 2, match: 2, deep: deep common }\n',
    'environments.vgo': 'env:\n  prod:\n    vars: { env: top environment, tier: top }\n',
    'a/environments.vgo': 'env:\n  prod:\n    vars: { env: deep environment }\n',
    'a/b/envoys.vgo': all('    environment: prod\n    configcrates: [app]\n    vars: { env: 3, match: entry }\n'),
  }

  test('come from environments, the entry, deeper and higher common.vgo, the crate, and what it depends on, in this order', () => {
    expect(contents(layers)).toEqual([
      'base/out: base default',
      'app/out: deep environment,entry,deep common,top common,own default,base default,app',
    ])
  })

  test('are replaced as a whole, never merged', () => {
    expect(
      contents({
        'configcrates/x.vgo': shows('x', '{{ len .Vars.m }}', 'vars: { m: { a: 1, b: 2 } }\n'),
        'envoys.vgo': all('    configcrates: [x]\n    vars: { m: { c: 3 } }\n'),
      }),
    ).toEqual(['x/out: 1'])
  })

  test('that nothing sets are an error at the place that reads them', () => {
    expect(
      compileComplaints(
        {
          'configcrates/x.vgo': shows('x', 'port {{ .Vars.prot }}', 'vars: { port: 80 }\n'),
          'envoys.vgo': all('    configcrates: [x]\n'),
        },
        'web1',
      ),
    ).toMatchInlineSnapshot(`
      "
      configcrates/x.vgo:7:23: error: '.Vars.prot' is not set [missing-variable]
        7 |     content: "port {{ .Vars.prot }}"
          |                       ^^^^^^^^^^
        did you mean '.Vars.port'? Otherwise give 'prot' a default in the crate's 'vars:', or set it where the host is matched
        envoys.vgo:2:12: for hosts that '*' matches
      "
    `)
  })

  test('that make an attribute what it cannot be are an error that shows where they are set', () => {
    expect(
      compileComplaints(
        {
          'configcrates/x.vgo': shows('x', 'a').replace('mode: "0644"', 'mode: "{{ .Vars.mode }}"'),
          'envoys.vgo': all('    configcrates: [x]\n    vars: { mode: "rw" }\n'),
        },
        'web1',
      ),
    ).toMatchInlineSnapshot(`
      "
      configcrates/x.vgo:9:11: error: 'mode' must be an octal mode, not 'rw' [attribute-value]
        9 |     mode: "{{ .Vars.mode }}"
          |           ^^^^^^^^^^^^^^^^^^
        write the permission bits as three or four octal digits, best in quotes: "0644"
        envoys.vgo:4:13: 'mode' is set here
        envoys.vgo:2:12: for hosts that '*' matches
      "
    `)
  })
})

describe('crates', () => {
  const names = (files: Files, host = 'web1', traits: typeof DEBIAN = DEBIAN) =>
    bundleOf(storeOf(files), host, traits).crates.map(({ name }) => name)
  const five = Object.fromEntries(
    ['a', 'b', 'c', 'd', 'e'].map(name => [`configcrates/${name}.vgo`, shows(name, name)]),
  )

  test('come from common, the environment, roles and the entry, in this order', () => {
    expect(
      names({
        ...five,
        'common.vgo': 'configcrates: [e]\n',
        'environments.vgo': 'env:\n  prod:\n    configcrates: [d]\n',
        'roles.vgo':
          'roles:\n  - name: web\n    includes: [base]\n    configcrates: [c]\n  - name: base\n    configcrates: [b]\n',
        'envoys.vgo': all('    environment: prod\n    roles: [web]\n    configcrates: [a]\n'),
      }),
    ).toEqual(['e', 'd', 'b', 'c', 'a'])
  })

  test('of an environment may be taken away, and given back by a deeper block', () => {
    const tree: Files = {
      ...five,
      'common.vgo': 'configcrates: [a, b]\n',
      'environments.vgo': 'env:\n  lab:\n    exclude_configcrates: [a, b]\n',
      'x/environments.vgo': 'env:\n  lab:\n    configcrates: [b]\n',
      'x/envoys.vgo': 'envoys:\n  - match: "x*"\n    environment: lab\n',
      'envoys.vgo': all('    environment: lab\n    configcrates: [c]\n'),
    }
    expect(names(tree, 'other')).toEqual(['c'])
    expect(names(tree, 'x1')).toEqual(['b'])
    expect(bundleOf(storeOf(tree), 'x1').skipped).toEqual([{ id: 'a', reason: 'excluded by the environment' }])
  })

  test('bring those that they depend on, before them, unless an environment forbids it', () => {
    const tree: Files = {
      ...five,
      'configcrates/a.vgo': shows('a', 'a', 'depends_on: [b]\n'),
      'configcrates/b.vgo': shows('b', 'b', 'depends_on: [c]\n'),
      'envoys.vgo': all('    configcrates: [d, a]\n'),
    }
    expect(names(tree)).toEqual(['d', 'c', 'b', 'a'])
    const lab = {
      ...tree,
      'environments.vgo': 'env:\n  lab:\n    exclude_configcrates: [c]\n',
      'envoys.vgo': all('    environment: lab\n    configcrates: [a]\n'),
    }
    expect(compileComplaints(lab, 'web1')).toMatchInlineSnapshot(`
      "
      configcrates/b.vgo:2:14: error: configcrate 'b' depends on 'c', which the environment 'lab' excludes [excluded-dependency]
        2 | depends_on: [c]
          |              ^
        exclude both, or neither
        environments.vgo:3:28: it is excluded here
        envoys.vgo:2:12: for hosts that '*' matches
      "
    `)
  })

  test('of a case are there where its condition holds, and left to the agent where nobody knows', () => {
    const tree: Files = {
      ...five,
      'roles.vgo':
        "roles:\n  - name: web\n    case:\n      - when: os_family('debian')\n        configcrates: [a]\n      - when: os_family('redhat')\n        configcrates: [b]\n      - when: file_exists('/c')\n        configcrates: [c]\n",
      'envoys.vgo': all('    roles: [web]\n'),
    }
    const bundle = bundleOf(storeOf(tree), 'web1')
    expect(bundle.resources.map(({ id, when }) => [id, when])).toEqual([
      ['a/out', ''],
      ['c/out', "file_exists('/c')"],
    ])
    expect(bundle.skipped).toEqual([{ id: 'b', reason: "case when os_family('redhat')" }])
  })

  test('that come unconditionally and by a case are unconditional', () => {
    const tree: Files = {
      ...five,
      'roles.vgo': "roles:\n  - name: web\n    case:\n      - when: file_exists('/c')\n        configcrates: [a]\n",
      'envoys.vgo': all('    roles: [web]\n    configcrates: [a]\n'),
    }
    expect(bundleOf(storeOf(tree), 'web1').resources.map(({ when }) => when)).toEqual([''])
  })

  test('of users come last, and their names stand in the bundle', () => {
    const bundle = bundleOf(
      storeOf({
        ...five,
        'usercrates/alice.vgo': shows('alice', 'hi'),
        'common.vgo': 'usercrates: [alice]\n',
        'envoys.vgo': all('    configcrates: [a]\n'),
      }),
      'web1',
    )
    expect(bundle.crates.map(({ name, kind }) => [name, kind])).toEqual([
      ['a', 'configcrate'],
      ['alice', 'usercrate'],
    ])
    expect(bundle.usercrates).toEqual(['alice'])
  })

  test('that two resources of one host manage the same file with are an error', () => {
    expect(
      compileComplaints(
        {
          'configcrates/a.vgo': shows('a', 'a'),
          'configcrates/b.vgo': shows('b', 'b').replace('/etc/b', '/etc/a'),
          'envoys.vgo': all('    configcrates: [a, b]\n'),
        },
        'web1',
      ),
    ).toMatchInlineSnapshot(`
      "
      configcrates/b.vgo:4:11: error: 'b/out' and 'a/out' both manage the file /etc/a of one host [conflict]
        4 |     type: file
          |           ^^^^
        keep one of them, or let 'when:' tell which; the other one is in configcrates/a.vgo:4:11
        configcrates/a.vgo:4:11: the other one is here
        envoys.vgo:2:12: for hosts that '*' matches
      "
    `)
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { Diagnostics, renderDiagnostic } from '../diagnostic.ts'
import { complaintsAbout, declared } from '../fixture.ts'
import { resourceSchemas } from '../resource/index.ts'
import { readDeclarations } from './index.ts'

describe('a file', () => {
  test.each(['', '# nothing yet\n', '---\n'])('without anything declares nothing: %j', text => {
    expect(declared('configcrates/web.vgo', text).configcrates).toEqual([])
    expect(declared('environments.vgo', text).environments).toEqual([])
  })

  test('that says nothing of its kind is told what there is', () => {
    expect(complaintsAbout('foo: bar\n', 'customerA/x.vgo')).toMatchInlineSnapshot(`
      "
      customerA/x.vgo:1:1: error: nothing in this file says what it declares [unknown-file]
        1 | foo: bar
          | ^^^
        write 'resources:' for a configcrate, or 'envoys:', 'roles:', 'environments:', 'waivers:', 'compliance:', 'tasks:', 'workflows:'
      "
    `)
    expect(complaintsAbout('- name: a\n  type: package\n', 'configcrates/x.vgo')).toMatchInlineSnapshot(`
      "
      configcrates/x.vgo:1:1: error: a .vgo file must be a map, not a list [wrong-kind]
        1 | - name: a
          | ^
        write the key that the list belongs to above it: 'resources:', 'envoys:' or 'roles:'
      "
    `)
    expect(complaintsAbout('just text\n', 'configcrates/x.vgo')).toMatchInlineSnapshot(`
      "
      configcrates/x.vgo:1:1: error: a .vgo file must be a map, not text [wrong-kind]
        1 | just text
          | ^
        write '<key>: <value>'
      "
    `)
  })

  test('with syntax errors is told those alone', () => {
    expect(complaintsAbout('nmae: "web\nresources: {}\n')).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:1:7: error: the quote that starts here is never closed [yaml-unclosed-quote]
        1 | nmae: "web
          |       ^
        add " at the end of the value
      "
    `)
  })

  test('may have names that a program would stumble over', () => {
    const text =
      '__proto__: 1\nconstructor: 2\nname: toString\nresources:\n  - name: __proto__\n    type: hasOwnProperty\n  - name: valueOf\n    type: package\n    package: x\n    depends_on: [__proto__]\n    constructor: y\n'
    expect(complaintsAbout(text)).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:1:1: error: '__proto__' is not a key of a configcrate [unknown-key]
        1 | __proto__: 1
          | ^^^^^^^^^
        its keys are name, configcrate, description, depends_on, when, foreach, vars, defaults and 4 more
      configcrates/web.vgo:2:1: error: 'constructor' is not a key of a configcrate [unknown-key]
        2 | constructor: 2
          | ^^^^^^^^^^^
        its keys are name, configcrate, description, depends_on, when, foreach, vars, defaults and 4 more
      configcrates/web.vgo:6:11: error: the resource type 'hasOwnProperty' is not known [unknown-type]
        6 |     type: hasOwnProperty
          |           ^^^^^^^^^^^^^^
        types are file, directory, symlink, file_line, blockinfile, replace, field_edit, ini and 19 more. A custom executor's resource needs 'skip_validation: true'
      configcrates/web.vgo:11:5: error: 'constructor' is not an attribute of package [unknown-attribute]
        11 |     constructor: y
           |     ^^^^^^^^^^^
        its attributes are package, state, version, allow_downgrade, lock_version, purge, update_cache, post_cleanup and 12 more
      "
    `)
  })

  test('of any shape is read without a fall', () => {
    const words = fc.constantFrom(
      'name',
      'type',
      'resources',
      'envoys',
      'roles',
      'env',
      'vars',
      'match',
      'when',
      'foreach',
      'depends_on',
      'notify',
      'subscribes',
      'state',
      'defaults',
      'steps',
      'params',
      'command',
      'waivers',
      'compliance',
      'tasks',
      'case',
      ...resourceSchemas.keys(),
    )
    const scalar = fc.oneof(
      words,
      fc.constantFrom('{{ .Vars.x }}', '{{', 'secret:', 'secret:a', '/etc', '0644', '*', ''),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
    )
    const { value } = fc.letrec(tie => ({
      value: fc.oneof(
        { maxDepth: 5 },
        scalar,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(words, tie('value'), { maxKeys: 5 }),
      ),
    }))
    const path = fc.constantFrom(
      'configcrates/a.vgo',
      'usercrates/a.vgo',
      'roles/a.vgo',
      'roles.vgo',
      'tasks/a.vgo',
      'workflows/a.vgo',
      'common.vgo',
      'environments.vgo',
      'waivers.vgo',
      'compliance.vgo',
      'a.vgo',
    )
    fc.assert(
      fc.property(path, fc.dictionary(words, value, { maxKeys: 5 }), (at, document) => {
        const diagnostics = new Diagnostics()
        readDeclarations({ path: at, text: stringify(document) }, diagnostics)
        for (const diagnostic of diagnostics.sorted) {
          expect(diagnostic.message).not.toMatch(/undefined|\[object/)
          expect(diagnostic.hint).not.toMatch(/undefined|\[object/)
          expect(renderDiagnostic(diagnostic)).toContain(`${at}:`)
        }
      }),
      { numRuns: 500 },
    )
  })
})

import { describe, expect, test } from 'vitest'
import { syntaxComplaints } from '../fixture.ts'

describe('a mistake in YAML is told in words', () => {
  test('a quote that is never closed', () => {
    expect(syntaxComplaints('name: "web\nresources: []\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:7: error: the quote that starts here is never closed [yaml-unclosed-quote]
        1 | name: "web
          |       ^
        add " at the end of the value
      "
    `)
    expect(syntaxComplaints("name: 'web\n")).toMatchInlineSnapshot(`
      "
      web.vgo:1:7: error: the quote that starts here is never closed [yaml-unclosed-quote]
        1 | name: 'web
          |       ^
        add ' at the end of the value
      "
    `)
  })

  test('text behind a closing quote', () => {
    expect(syntaxComplaints('command: "echo" hello\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:17: error: the value goes on after its closing quote [yaml-after-quote]
        1 | command: "echo" hello
          |                 ^^^^^
        put the whole value into quotes; inside "…" a quote is written \\"
      "
    `)
    expect(syntaxComplaints("comment: 'it's here'\n")).toMatchInlineSnapshot(`
      "
      web.vgo:1:14: error: the value goes on after its closing quote [yaml-after-quote]
        1 | comment: 'it's here'
          |              ^^^^^^^
        put the whole value into quotes; inside '…' a quote is written twice
      "
    `)
  })

  test('bad indentation', () => {
    expect(syntaxComplaints('resources:\n  - name: a\n     type: file\n')).toMatchInlineSnapshot(`
      "
      web.vgo:3:6: error: this line is indented differently from the keys around it [yaml-indentation]
        3 |      type: file
          |      ^^^^^^^^^^
        give keys of one map the same indentation, two spaces more than the key that they belong to
      "
    `)
    expect(syntaxComplaints('vars:\n    a: 1\n  b: 2\n')).toMatchInlineSnapshot(`
      "
      web.vgo:3:3: error: this line is indented differently from the keys around it [yaml-indentation]
        3 |   b: 2
          |   ^^^^
        give keys of one map the same indentation, two spaces more than the key that they belong to
      "
    `)
    expect(syntaxComplaints('content: |\n    one\n  two\nmode: 1\n')).toMatchInlineSnapshot(`
      "
      web.vgo:3:3: error: this line is indented differently from the keys around it [yaml-indentation]
        3 |   two
          |   ^^^
        give keys of one map the same indentation, two spaces more than the key that they belong to
      "
    `)
  })

  test('a tab that indents', () => {
    expect(syntaxComplaints('vars:\n\ta: 1\n\tb: 2\n')).toMatchInlineSnapshot(`
      "
      web.vgo:2:1: error: a tab indents this line; YAML wants spaces [yaml-tab]
        2 |  a: 1
          | ^
        replace it by spaces; 'vigocli config lint --fix' does
      web.vgo:3:1: error: a tab indents this line; YAML wants spaces [yaml-tab]
        3 |  b: 2
          | ^
        replace it by spaces; 'vigocli config lint --fix' does
      "
    `)
  })

  test('a template without quotes', () => {
    expect(
      syntaxComplaints('image: {{ .Vars.image }}:latest # newest\nports: [{{ .Vars.port }}, "80"]\n'),
    ).toMatchInlineSnapshot(`
      "
      web.vgo:1:8: error: a value that starts with {{ needs quotes: without them YAML reads a map [yaml-bare-template]
        1 | image: {{ .Vars.image }}:latest # newest
          |        ^^^^^^^^^^^^^^^^^
        quote the whole value: "{{ .Vars.image }}:latest"
      web.vgo:2:9: error: a value that starts with {{ needs quotes: without them YAML reads a map [yaml-bare-template]
        2 | ports: [{{ .Vars.port }}, "80"]
          |         ^^^^^^^^^^^^^^^^
        quote the whole value: "{{ .Vars.port }}"
      "
    `)
    expect(syntaxComplaints('mode: {{ .Vars.mode | default "0644" }}\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:7: error: a value that starts with {{ needs quotes: without them YAML reads a map [yaml-bare-template]
        1 | mode: {{ .Vars.mode | default "0644" }}
          |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        quote the whole value: '{{ .Vars.mode | default "0644" }}'
      "
    `)
  })

  test('a colon too few, or without a space', () => {
    expect(syntaxComplaints('name web\ntype: file\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:1: error: there is no colon after this key [yaml-missing-colon]
        1 | name web
          | ^^^^^^^^
        write '<key>: <value>', with a space after the colon
      "
    `)
    expect(syntaxComplaints('type: file\nname:web\n')).toMatchInlineSnapshot(`
      "
      web.vgo:2:1: error: there is no space after the colon [yaml-missing-colon]
        2 | name:web
          | ^^^^^^^^
        write '<key>: <value>', with a space after the colon
      "
    `)
  })

  test('a colon too many', () => {
    expect(syntaxComplaints('command: echo note: done\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:10: error: the value contains a colon followed by a space, so YAML takes it for a key [yaml-colon-in-value]
        1 | command: echo note: done
          |          ^^^^^^^^^^^^^^^
        put the whole value into quotes
      "
    `)
  })

  test('a bracket that is not closed, or closes nothing', () => {
    expect(syntaxComplaints('roles: [web, db\nvars: {}\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:8: error: the bracket that opens here is never closed [yaml-bracket]
        1 | roles: [web, db
          |        ^
        close it, or put the whole value into quotes
      "
    `)
    expect(syntaxComplaints('roles: [web]]\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:13: error: this ] closes nothing [yaml-bracket]
        1 | roles: [web]]
          |             ^
        take it away, or put the whole value into quotes
      "
    `)
  })

  test('characters that mean something at the start of a value', () => {
    expect(syntaxComplaints('match: *.example.com\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:8: error: no anchor '&.example.com' stands before this alias [yaml-alias]
        1 | match: *.example.com
          |        ^^^^^^^^^^^^^
        a value that starts with * needs quotes: "*.example.com"
      "
    `)
    expect(syntaxComplaints('match: *\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:8: error: '*' is neither a value nor the name of an anchor [yaml-alias]
        1 | match: *
          |        ^
        a value that starts with * needs quotes: "*"
      "
    `)
    expect(syntaxComplaints('user: @ops\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:7: error: a value cannot start with @ [yaml-reserved-character]
        1 | user: @ops
          |       ^
        put the whole value into quotes
      "
    `)
    expect(syntaxComplaints('version: >= 1.2\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:11: error: after | or > the text starts on the next line [yaml-block]
        1 | version: >= 1.2
          |           ^
        put the text on the next line, indented; or quote a value that starts with | or >
      "
    `)
    expect(syntaxComplaints('pattern: "\\d+"\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:11: error: '\\d' is no escape that YAML knows [yaml-escape]
        1 | pattern: "\\d+"
          |           ^^
        in double quotes write \\\\ for a backslash, or use single quotes
      "
    `)
  })

  test('lists in the wrong place', () => {
    expect(syntaxComplaints('roles: - web\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:8: error: a list cannot start on the line of its key [yaml-list]
        1 | roles: - web
          |        ^
        start the list on the next line, or write it as '[a, b]'
      "
    `)
    expect(syntaxComplaints('name: web\n- db\n')).toMatchInlineSnapshot(`
      "
      web.vgo:2:1: error: a list item stands among keys [yaml-list]
        2 | - db
          | ^^^^
        indent it below the key that it belongs to
      "
    `)
  })
})

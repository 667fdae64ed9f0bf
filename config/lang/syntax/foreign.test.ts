import { describe, expect, test } from 'vitest'
import { syntaxComplaints } from '../fixture.ts'

describe('YAML that the language does not take', () => {
  test('such as a key that stands twice', () => {
    expect(syntaxComplaints('mode: "0644"\nowner: root\nmode: "0600"\n')).toMatchInlineSnapshot(`
      "
      web.vgo:3:1: error: the key 'mode' stands twice in one map [duplicate-key]
        3 | mode: "0600"
          | ^^^^
        take one away; 'vigocli config lint --fix' keeps the last one
        web.vgo:1:1: it stands here first
      "
    `)
  })

  test('such as tags, documents, directives, merge keys and strange keys', () => {
    expect(syntaxComplaints('a: !!python/object x\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:4: error: YAML tags such as '!!python/object' are not part of the language [yaml-tag]
        1 | a: !!python/object x
          |    ^^^^^^^^^^^^^^^
        take it away; quote the value if it is text that starts with !
      "
    `)
    expect(syntaxComplaints('a: 1\n---\nb: 2\n')).toMatchInlineSnapshot(`
      "
      web.vgo:2:1: error: a second YAML document starts here; a file holds one [yaml-documents]
        2 | ---
          | ^^^
        take the '---' away, or make two files
      "
    `)
    expect(syntaxComplaints('%YAML 1.1\n---\na: yes\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:1: error: YAML directives are not part of the language [yaml-directive]
        1 | %YAML 1.1
          | ^^^^^^^^^
        take the line away; quote a value that starts with %
      "
    `)
    expect(syntaxComplaints('base: &base {a: 1}\nmore:\n  <<: *base\n')).toMatchInlineSnapshot(`
      "
      web.vgo:3:3: error: merge keys ('<<') are not part of the language [yaml-merge-key]
        3 |   <<: *base
          |   ^^
        write the keys out, or give all resources of a configcrate the same attributes with 'defaults:'
      "
    `)
    expect(syntaxComplaints('? [a, b]\n: 1\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:3: error: a key must be text [yaml-key]
        1 | ? [a, b]
          |   ^
        write '<key>: <value>' with a plain key
      "
    `)
    expect(syntaxComplaints(': 1\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:1: error: there is no key before the colon [yaml-key]
        1 | : 1
          | ^
        write '<key>: <value>'
      "
    `)
    expect(syntaxComplaints('limit: .inf\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:8: error: '.inf' is not a number that a configuration can hold [yaml-number]
        1 | limit: .inf
          |        ^^^^
        quote it if it is text
      "
    `)
  })

  test('is told with every other mistake of the file, one for each line', () => {
    expect(syntaxComplaints('a: @x\nb: 1\nc: {{ .Vars.c }}\nd: `x`\ne: [1\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:4: error: a value cannot start with @ [yaml-reserved-character]
        1 | a: @x
          |    ^
        put the whole value into quotes
      web.vgo:3:4: error: a value that starts with {{ needs quotes: without them YAML reads a map [yaml-bare-template]
        3 | c: {{ .Vars.c }}
          |    ^^^^^^^^^^^^^
        quote the whole value: "{{ .Vars.c }}"
      web.vgo:4:4: error: a value cannot start with \` [yaml-reserved-character]
        4 | d: \`x\`
          |    ^
        put the whole value into quotes
      web.vgo:5:4: error: the bracket that opens here is never closed [yaml-bracket]
        5 | e: [1
          |    ^
        close it, or put the whole value into quotes
      "
    `)
  })
})

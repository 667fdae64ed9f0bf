import { describe, expect, test } from 'vitest'
import { parseTemplate } from './index.ts'

function read(text: string): string[] {
  const parsed = parseTemplate(text)
  if (!parsed.ok) throw new Error(parsed.errors[0]?.message)
  return parsed.template.usesVariables.map(({ path, optional }) => path.join('.') + (optional ? '?' : ''))
}

describe('what a template reads', () => {
  test('is listed in the order of the text, with its place', () => {
    const text = 'a {{ .Vars.b }} {{ if .Traits.c.d }}{{ $.Vars.e }}{{ end }}'
    const parsed = parseTemplate(text)
    expect(parsed.ok && parsed.template.usesVariables).toEqual([
      { path: ['Vars', 'b'], offset: 5, length: 7, optional: false },
      { path: ['Traits', 'c', 'd'], offset: 22, length: 11, optional: false },
      { path: ['Vars', 'e'], offset: 39, length: 8, optional: false },
    ])
  })

  test('includes arguments, conditions and pipelines', () => {
    expect(read('{{ printf "%s" (print .Vars.a .Vars.b) | len }}{{ range .Vars.c }}{{ end }}')).toEqual([
      'Vars.a',
      'Vars.b',
      'Vars.c',
    ])
  })

  test('follows with, variables, parentheses and index', () => {
    expect(read('{{ with .Vars.a }}{{ .b }}{{ else }}{{ .Vars.c }}{{ end }}')).toEqual(['Vars.a', 'Vars.a.b', 'Vars.c'])
    expect(read('{{ $v := .Vars }}{{ $v.a }}')).toEqual(['Vars', 'Vars.a'])
    expect(read('{{ (.Vars.a).b }}')).toEqual(['Vars.a.b', 'Vars.a'])
    expect(read('{{ index .Vars "a-b" "c" }}')).toEqual(['Vars.a-b.c', 'Vars'])
    expect(read('{{ (index .Vars "a").b }}')).toEqual(['Vars.a.b', 'Vars.a', 'Vars'])
  })

  test('does not guess items, computed keys and variables that change', () => {
    expect(read('{{ range .Vars.a }}{{ .b }}{{ end }}')).toEqual(['Vars.a'])
    expect(read('{{ range $i, $e := .Vars.a }}{{ $e.b }}{{ end }}')).toEqual(['Vars.a'])
    expect(read('{{ index .Vars (print "a") }}')).toEqual(['Vars'])
    expect(read('{{ $v := .Vars.a }}{{ $v = .Vars.b }}{{ $v.c }}')).toEqual(['Vars.a', 'Vars.b'])
  })

  test('tells what need not exist', () => {
    expect(read('{{ default .Vars.a .Vars.b }}')).toEqual(['Vars.a?', 'Vars.b?'])
    expect(read('{{ .Vars.a | default "x" }}{{ .Vars.b.c | upper | default "x" }}')).toEqual(['Vars.a?', 'Vars.b.c'])
    expect(read('{{ default "x" (index .Vars "a") }}')).toEqual(['Vars.a?', 'Vars?'])
  })

  test('follows templates with their arguments, also when they call themselves', () => {
    expect(read('{{ define "x" }}{{ .a }}{{ end }}{{ template "x" .Vars.b }}')).toEqual(['Vars.b.a', 'Vars.b'])
    expect(read('{{ define "x" }}{{ $.Vars.a }}{{ end }}{{ template "x" . }}')).toEqual(['Vars.a'])
    expect(read('{{ define "x" }}{{ .a }}{{ end }}{{ template "x" }}')).toEqual([])
    const endless = read('{{ define "x" }}{{ template "x" .a }}{{ end }}{{ template "x" .Vars }}')
    expect(endless.slice(0, 2)).toEqual(['Vars.a', 'Vars.a.a'])
    expect(endless.length).toBeLessThan(40)
  })
})

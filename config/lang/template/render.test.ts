import { describe, expect, test } from 'vitest'
import { dictionary } from '#node/kit'
import {
  type ParseOptions,
  parseTemplate,
  renderTemplate,
  renderValue,
  type TemplateLimits,
  type Value,
} from './index.ts'

const data = {
  Vars: { redis_port: 6379, hosts: ['a', 'b'], tls: { cert: '/c' }, 'log-level': 'info', nothing: null, flag: false },
  Traits: { os: { family: 'debian' } },
}

function parsed(text: string, options?: ParseOptions) {
  const result = parseTemplate(text, options)
  if (!result.ok) throw new Error(`${text}: ${result.errors[0]?.message}`)
  return result.template
}

function errorOf(text: string, values: Readonly<Record<string, Value>> = data, limits: Partial<TemplateLimits> = {}) {
  const rendered = renderTemplate(parsed(text), values, limits)
  if (rendered.ok) throw new Error(`${text} rendered to ${rendered.text}`)
  const { offset, length, ...error } = rendered.error
  return { at: text.slice(offset, offset + length), ...error }
}

describe('an error while rendering', () => {
  test('names the variable, its place, and the one that was probably meant', () => {
    expect(errorOf('port {{ .Vars.redis_prot }};')).toEqual({
      code: 'missing',
      at: '.Vars.redis_prot',
      message: "'.Vars.redis_prot' is not set",
      hint: "did you mean '.Vars.redis_port'?",
    })
  })

  test('names what there is when nothing is near', () => {
    expect(errorOf('{{ .Vars.tls.passphrase }}').hint).toBe("'.Vars.tls' has cert")
    expect(errorOf('{{ .Vars.tls.passphrase }}', { Vars: { tls: {} } }).hint).toBe("'.Vars.tls' is empty")
    expect(errorOf('{{ .Vars.loglevel }}').hint).toBe('read it with index .Vars "log-level"')
  })

  test('points at the name that is missing in a chain', () => {
    expect(errorOf('{{ print .Vars.tsl.cert "x" }}')).toMatchObject({
      at: '.Vars.tsl',
      message: "'.Vars.tsl' is not set",
      hint: "did you mean '.Vars.tls'?",
    })
    expect(errorOf('{{ $v := .Vars }}{{ $v.host }}')).toMatchObject({
      at: '$v.host',
      hint: "did you mean '$v.hosts'?",
    })
    expect(errorOf('{{ with .Vars }}{{ .host }}{{ end }}').hint).toBe("did you mean '.hosts'?")
  })

  test('tells how braces of another program are written', () => {
    expect(errorOf("docker ps --format '{{.State}}'")).toEqual({
      code: 'missing',
      at: '.State',
      message: "'.State' does not exist here",
      hint: 'there is .Traits, .Vars; braces that are meant for another program are written {{ `{{ .State }}` }}',
    })
    expect(errorOf('{{ .Var.x }}').hint).toBe("did you mean '.Vars'?")
  })

  test('points at the argument that is of the wrong kind', () => {
    expect(errorOf('{{ join "," .Vars.redis_port }}')).toEqual({
      code: 'value',
      at: '.Vars.redis_port',
      message: "'join' takes a list here, not a number",
      hint: '',
    })
    expect(errorOf('{{ .Vars.hosts | upper }}')).toMatchObject({
      at: '.Vars.hosts',
      hint: 'join makes text of a list: join "," LIST',
    })
    expect(errorOf('{{ add 1 "2" }}')).toMatchObject({ at: '"2"', hint: 'remove its quotes, or convert it with int' })
  })

  test('points at the call that fails', () => {
    expect(errorOf('{{ print 1 (index .Vars.hosts 7) }}')).toMatchObject({
      at: 'index .Vars.hosts 7',
      message: 'index 7 is out of range: there are 2 (counted from 0)',
    })
    expect(errorOf('{{ if eq .Vars.redis_port "6379" }}{{ end }}')).toMatchObject({
      at: 'eq .Vars.redis_port "6379"',
      message: 'a number and a string cannot be compared',
    })
    expect(errorOf('a{{ .Vars.nothing }}')).toMatchObject({ code: 'value', at: '.Vars.nothing' })
    expect(errorOf('{{ index .Vars "redis_prot" }}').hint).toBe("did you mean 'redis_port'?")
  })

  test('is the same after many renderings', () => {
    const template = parsed('{{ .Vars.x }}')
    const errors = [1, 2].map(() => renderTemplate(template, data))
    expect(errors[0]).toEqual(errors[1])
  })
})

describe('data', () => {
  test('may be Maps or records, with or without prototype', () => {
    const forms: readonly Value[] = [
      new Map<string, Value>([['b', new Map([['c', 1]])]]),
      dictionary<Value>([['b', dictionary<Value>([['c', 1]])]]),
      { b: { c: 1 } },
    ]
    for (const Vars of forms) {
      expect(renderTemplate(parsed('{{ .Vars.b.c }}{{ .Vars }}{{ toJson .Vars }}'), { Vars })).toEqual({
        ok: true,
        text: '1map[b:map[c:1]]{"b":{"c":1}}',
      })
    }
    expect(renderTemplate(parsed('{{ .Vars }}'), new Map([['Vars', 1]]))).toEqual({ ok: true, text: '1' })
  })

  test('is left as it is', () => {
    const Vars = { list: [3, 1, 2] }
    renderTemplate(parsed('{{ sort .Vars.list }}{{ reverse .Vars.list }}{{ append .Vars.list 4 }}'), { Vars })
    expect(Vars).toEqual({ list: [3, 1, 2] })
  })

  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', 'prototype', 'size', 'get'])(
    'has nothing inherited: %s',
    name => {
      for (const Vars of [{ a: 1 }, new Map([['a', 1]]), dictionary([['a', 1]])]) {
        expect(errorOf(`{{ .Vars.${name} }}`, { Vars }).code).toBe('missing')
        expect(errorOf(`{{ index .Vars "${name}" }}`, { Vars }).code).toBe('missing')
        expect(errorOf(`{{ .${name} }}`, { Vars }).code).toBe('missing')
        expect(renderTemplate(parsed(`{{ hasKey .Vars "${name}" }}`), { Vars })).toEqual({ ok: true, text: 'false' })
      }
      expect(errorOf(`{{ .Vars.list.${name} }}`, { Vars: { list: ['a'] } }).code).toBe('value')
    },
  )

  test('may have keys that records inherit, as its own', () => {
    const Vars = JSON.parse('{"__proto__": "a", "constructor": "b"}')
    expect(renderTemplate(parsed('{{ .Vars.__proto__ }}{{ .Vars.constructor }}'), { Vars })).toEqual({
      ok: true,
      text: 'ab',
    })
    expect(renderTemplate(parsed('{{ (dict "__proto__" 1).__proto__ }}'), {})).toEqual({ ok: true, text: '1' })
  })
})

describe('the value of a template', () => {
  test('that is a single action keeps its type', () => {
    const value = (text: string) => renderValue(parsed(text), data)
    expect(value('{{ .Vars.hosts }}')).toEqual({ ok: true, value: ['a', 'b'] })
    expect(value('{{- .Vars.redis_port -}}')).toEqual({ ok: true, value: 6379 })
    expect(value('{{ .Vars.flag }}')).toEqual({ ok: true, value: false })
    expect(value('{{ .Vars.nothing }}')).toEqual({ ok: true, value: null })
    expect(value('{{/* all of it */}}{{ .Vars.tls }}')).toEqual({ ok: true, value: { cert: '/c' } })
    expect(value('{{ add .Vars.redis_port 1 }}')).toEqual({ ok: true, value: 6380 })
  })

  test('that is anything else is its text', () => {
    const value = (text: string) => renderValue(parsed(text), data)
    expect(value('plain')).toEqual({ ok: true, value: 'plain' })
    expect(value('{{ .Vars.redis_port }} ')).toEqual({ ok: true, value: '6379 ' })
    expect(value('{{ .Vars.redis_port }}{{ .Vars.flag }}')).toEqual({ ok: true, value: '6379false' })
    expect(value('{{ if true }}1{{ end }}')).toEqual({ ok: true, value: '1' })
    expect(value('{{ $x := 1 }}')).toEqual({ ok: true, value: '' })
  })

  test('reports errors as rendering does', () => {
    expect(renderValue(parsed('{{ .Vars.x }}'), data)).toMatchObject({ ok: false, error: { offset: 3, length: 7 } })
  })
})

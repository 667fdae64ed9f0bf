import { describe, expect, test } from 'vitest'
import { Diagnostics } from '../diagnostic.ts'
import type { AttributeKind } from '../schema.ts'
import { parseSource } from '../syntax/index.ts'
import { checkAttribute, findSecretReferences, isArtifactReference, isTemplated } from './index.ts'

/** The value or the complaint, as an author would have written the value in YAML. */
function check(type: AttributeKind, yaml: string): unknown {
  const { root } = parseSource({ path: 'test.vgo', text: `value: ${yaml}\n` }, new Diagnostics())
  const node = root?.kind === 'map' ? root.entries.get('value')?.value : undefined
  if (node === undefined) throw new Error(`not YAML: ${yaml}`)
  const checked = checkAttribute({ name: 'value', type, description: '' }, node)
  return 'value' in checked ? checked.value : `${checked.problem.message}; ${checked.problem.hint}`
}

const map = (entries: Record<string, string>) => Object.assign(Object.create(null), entries)

describe('the value of an attribute', () => {
  test.each<[AttributeKind, string, unknown]>([
    [{ kind: 'boolean' }, 'true', true],
    [{ kind: 'boolean' }, '"false"', false],
    [{ kind: 'integer', min: 1 }, '4096', 4096],
    [{ kind: 'integer' }, '"4096"', 4096],
    [{ kind: 'integer' }, '-1', -1],
    [{ kind: 'mode' }, '0644', '0644'],
    [{ kind: 'mode' }, '"0644"', '0644'],
    [{ kind: 'mode' }, '755', '0755'],
    [{ kind: 'mode' }, '4755', '4755'],
    [{ kind: 'path' }, '/etc/motd', '/etc/motd'],
    [{ kind: 'duration' }, '300', 300],
    [{ kind: 'duration' }, '5m', 300],
    [{ kind: 'duration' }, '1h30m', 5400],
    [{ kind: 'enum', values: ['running', 'stopped'] }, 'stopped', 'stopped'],
    [{ kind: 'list' }, '[a, b]', ['a', 'b']],
    [{ kind: 'list' }, '"a, b,,c"', ['a', 'b', 'c']],
    [{ kind: 'list' }, '8080', ['8080']],
    [{ kind: 'list', separator: '\n' }, '"a,b\\nc\\n"', ['a,b', 'c']],
    [{ kind: 'map' }, '{A: 1, B: two}', map({ A: '1', B: 'two' })],
    [{ kind: 'map' }, '"A=1, URL=http://h/?a=b"', map({ A: '1', URL: 'http://h/?a=b' })],
    [{ kind: 'map' }, '{__proto__: x}', map({ ['__proto__']: 'x' })],
    [{ kind: 'url' }, 'https://example.com/a?b#c', 'https://example.com/a?b#c'],
    [{ kind: 'artifact' }, 'redis:7', 'redis:7'],
    [{ kind: 'string' }, '1.10', '1.10'],
    [{ kind: 'string' }, '"secret:vigo/db"', 'secret:vigo/db'],
    [{ kind: 'string' }, 'no', 'no'],
    [{ kind: 'text' }, '"a\\nb"', 'a\nb'],
    [{ kind: 'any' }, '{a: [1, true, null]}', Object.assign(Object.create(null), { a: [1, true, null] })],
  ])('of kind %o from %s is %o', (type, yaml, value) => {
    expect(check(type, yaml)).toEqual(value)
  })

  test.each<[AttributeKind, string, string]>([
    [
      { kind: 'boolean' },
      'yes',
      "'value' must be true or false, not 'yes'; write true: 'yes' is text in YAML 1.2; 'vigocli config lint --fix' replaces it",
    ],
    [{ kind: 'boolean' }, '"off"', "'value' must be true or false, not 'off'; write false: 'off' is text in YAML 1.2"],
    [{ kind: 'boolean' }, '[true]', "'value' must be true or false, not a list; write a single value"],
    [{ kind: 'boolean' }, '', "'value' has no value; give it true or false, or take the key away"],
    [
      { kind: 'integer', min: 1, max: 64 },
      '65',
      "'value' must be a whole number from 1 to 64, not '65'; choose a number in that range",
    ],
    [{ kind: 'integer' }, '1.5', "'value' must be a whole number, not '1.5'; write the digits only"],
    [{ kind: 'integer' }, '0x10', "'value' must be a whole number, not '0x10'; write the digits only"],
    [
      { kind: 'mode' },
      'rw-r--r--',
      `'value' must be an octal mode, not 'rw-r--r--'; write the permission bits as three or four octal digits, best in quotes: "0644"`,
    ],
    [
      { kind: 'mode' },
      '0844',
      `'value' must be an octal mode, not '0844'; write the permission bits as three or four octal digits, best in quotes: "0644"`,
    ],
    [{ kind: 'path' }, 'etc/motd', "'value' must be an absolute path, not 'etc/motd'; start it with a slash"],
    [
      { kind: 'path' },
      '/srv/../etc/passwd',
      "'value' must be an absolute path, not '/srv/../etc/passwd'; write the path without '..'",
    ],
    [
      { kind: 'duration' },
      'soon',
      "'value' must be a duration, not 'soon'; write seconds, or for example 90s, 15m or 1h",
    ],
    [
      { kind: 'duration', maxSeconds: 300 },
      '6m',
      "'value' must be a duration of at most 300 seconds, not '6m'; choose a shorter one",
    ],
    [
      { kind: 'enum', values: ['running', 'stopped'] },
      'runing',
      "'value' must be running or stopped, not 'runing'; did you mean 'running'?",
    ],
    [
      { kind: 'enum', values: ['running', 'stopped'], instead: { started: "write 'running'" } },
      'started',
      "'value' must be running or stopped, not 'started'; write 'running'",
    ],
    [{ kind: 'list' }, '[a, [b]]', "'value' must be a list of texts, not a list; write a single value"],
    [
      { kind: 'list', pattern: /^\d+$/, patternMeans: 'numbers' },
      '"1,x"',
      "'value' must hold numbers, not 'x'; correct the value",
    ],
    [
      { kind: 'map' },
      '"A=1,B"',
      "'value' must be pairs K=V with commas between, but 'B' has no =; write K=V,K=V; when a value contains a comma, write a map",
    ],
    [{ kind: 'url' }, 'example.com/x', "'value' must be a URL, not 'example.com/x'; start it with https://"],
    [
      { kind: 'artifact' },
      'Not A Name',
      "'value' must be a reference to an artifact, not 'Not A Name'; write <name>:<tag>, <name>@<version>, <puddle>/<name>:<tag> or <hex artifact id>/<name>@<version>",
    ],
    [
      { kind: 'string', pattern: /^[a-z]+$/, patternMeans: 'lower-case letters' },
      'A1',
      "'value' must be lower-case letters, not 'A1'; correct the value",
    ],
    [{ kind: 'string' }, '"a\\nb"', "'value' must be one line, not 'a b'; write it on one line"],
  ])('of kind %o is not %s', (type, yaml, complaint) => {
    expect(check(type, yaml)).toBe(complaint)
  })

  test('is left alone where a template may still change it', () => {
    const templated = (yaml: string) => {
      const { root } = parseSource({ path: 'test.vgo', text: yaml }, new Diagnostics())
      return root !== undefined && isTemplated(root)
    }
    expect(templated('a: [b, {c: "{{ .Vars.x }}"}]')).toBe(true)
    expect(templated('a: [b, {c: d}]')).toBe(false)
  })
})

describe('a reference to an artifact', () => {
  const id = 'e3'.repeat(32)
  test.each(['a:1', 'ubuntu-22.04-cloud@1.4', 'alexander4/redis:7.2-alpine', `${id}/ubuntu@1.4`, 'name'])(
    'may be %s',
    text => {
      expect(isArtifactReference(text)).toBe(true)
    },
  )
  test.each(['', ':1', 'a:', 'a/b/c:1', 'UPPER:1', 'a b:1', 'a:1@2', '-x/a:1', 'a'.repeat(600)])('is not %s', text => {
    expect(isArtifactReference(text)).toBe(false)
  })
})

describe('references to secrets', () => {
  test('are found whole and embedded', () => {
    const found = findSecretReferences('A=b,URL=secret:vigo/webapp/database_url,K="secret:k". See secret:a/b.')
    expect(found.map(({ path }) => path)).toEqual(['vigo/webapp/database_url', 'k', 'a/b'])
    expect(found.every(({ problem }) => problem === undefined)).toBe(true)
    expect(findSecretReferences('secret:vigo/db')).toEqual([{ path: 'vigo/db', start: 0, end: 14, problem: undefined }])
  })

  test.each(['client_secret:x', 'my-secret:x', 'a secret: word', 'secrets:x', 'topsecret:x', 'secret:\n- a'])(
    'are not in %j',
    text => {
      expect(findSecretReferences(text)).toEqual([])
    },
  )

  test.each([
    ['secret:', 'there is no path of a secret directly behind the colon'],
    ['secret: vigo/db', 'there is no path of a secret directly behind the colon'],
    ['secret:/vigo', 'the path of a secret does not start with a slash'],
    ['secret:vigo/', 'the path of a secret does not end with a slash'],
    ['secret:vigo//db', 'the path of a secret has an empty part'],
    ['secret:vigo/../db', "the path of a secret has no '.' and '..' parts"],
    ['secret:vigo/-db', 'each part of the path of a secret starts with a letter or digit'],
    [`secret:${'a'.repeat(300)}`, 'the path of a secret has at most 256 characters'],
  ])('such as %s are refused', (text, problem) => {
    expect(findSecretReferences(text)[0]?.problem).toBe(problem)
  })
})

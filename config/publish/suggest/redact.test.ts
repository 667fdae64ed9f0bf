import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Redactor } from './redact.ts'

const redact = (text: string): string => new Redactor(text).redact(text)

describe('a redacted text', () => {
  test.each([
    ['db_password: hunter2', 'db_password: REDACTED_1'],
    ['  - name: x\n    password: "hun ter2" # mine', '  - name: x\n    password: "REDACTED_1" # mine'],
    ["token: 'it''s'", "token: 'REDACTED_1'"],
    ['password: "a\\"b" # c', 'password: "REDACTED_1" # c'],
    ['password: "open', 'password: "REDACTED_1'],
    ['api_key: abc # why', 'api_key: REDACTED_1 # why'],
    ['private_key: *anchor', 'private_key: REDACTED_1'],
    ['{user: u, password: p w, port: 1}', '{user: u, password: REDACTED_1, port: 1}'],
    ['env: "A=b,DB_PASSWORD=hunter2,URL=x"', 'env: "A=b,DB_PASSWORD=REDACTED_1,URL=x"'],
    ['content: |\n  [db]\n  password = hunter2\n  user = u', 'content: |\n  [db]\n  password = REDACTED_1\n  user = u'],
    ['{"clientSecret": "hunter2", "id": 7}', '{"clientSecret": "REDACTED_1", "id": 7}'],
    ['password: |\n  one\n\n  two\nnext: 1', 'password: |\n  REDACTED_1\n\n  REDACTED_2\nnext: 1'],
    ['passwords:\n- one\n- two\nnext: 1', 'passwords:\n- REDACTED_1\n- REDACTED_2\nnext: 1'],
    ['stdin: >-\n  yes please', 'stdin: >-\n  REDACTED_1'],
    ['url: https://me:hunter2@h/x', 'url: https://me:REDACTED_1@h/x'],
    ['- echo ghp_0123456789abcdef', '- echo REDACTED_1'],
    ['hash: $6$salt$abcdefghijklmnop/q.', 'hash: REDACTED_1'],
    ['header: Bearer abc.def-ghi', 'header: REDACTED_1'],
    ['x: 0123456789abcdef0123456789abcdef', 'x: REDACTED_1'],
    ['a: eyJhbGciOiJIUzI1NiJ9.e30.abc', 'a: REDACTED_1'],
  ])('hides the secret of %j', (text, expected) => {
    expect(redact(text)).toBe(expected)
  })

  test.each([
    'password: secret:vigo/db/password',
    'env: "URL=secret:vigo/webapp/database_url"',
    'password: {{ .Vars.password }}',
    'url: https://u:secret:path@h/',
    'token: true',
    'mode: "0644"\nowner: root\nname: nginx-package\ntarget_path: /etc/nginx/sites-available/default.conf.d/example',
    '# --------------------------------------------------------',
    'depends_on: [nginx-package, nginx-config]',
    'authorized_keys: secret:keys',
    '',
  ])('keeps %j', text => {
    expect(redact(text)).toBe(text)
  })

  test('has no line of a private key, finished or not, and all its own lines', () => {
    const key = ['-----BEGIN RSA PRIVATE KEY-----', 'MIIB', 'abc=', '-----END RSA PRIVATE KEY-----'].map(
      line => `    ${line}`,
    )
    const text = ['content: |', ...key, 'mode: x', 'more: |', key[0], '    zzz'].join('\n')
    const result = redact(text)
    for (const secret of ['BEGIN', 'MIIB', 'abc=', 'zzz']) expect(result).not.toContain(secret)
    expect(result.split('\n')).toHaveLength(text.split('\n').length)
    expect(result).toContain('\nmode: x\n')
  })

  test('hides a secret wherever it is repeated, also in other texts', () => {
    const text = 'password: hunter2\ncommand: login --with hunter2\n'
    const redactor = new Redactor(text)
    expect(redactor.redact(text)).toBe('password: REDACTED_1\ncommand: login --with REDACTED_1\n')
    expect(redactor.redact("'hunter2' is not a number")).toBe("'REDACTED_1' is not a number")
  })

  test('can be put back, also when the text has names like ours', () => {
    const text = 'note: REDACTED_1\npassword: hunter2\n'
    const redactor = new Redactor(text)
    const hidden = redactor.redact(text)
    expect(hidden).toBe('note: REDACTED_1\npassword: REDACTED_X_1\n')
    expect(redactor.restore(hidden)).toBe(text)
    expect(redactor.restore('password: REDACTED_X_7')).toBe('password: REDACTED_X_7')
  })

  test('never has the secret, whatever it is and wherever it stands, and comes back whole', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9!$%^*()+=~;<>?.-]{7,40}$/).map(text => `S3${text}`)
    const place = fc.constantFrom<(secret: string) => string>(
      value => `password: ${value}\n`,
      value => `  api-key: '${value}'\n`,
      value => `vars: {db_password: "${value}", user: u}\n`,
      value => `content: |\n  token=${value}\n`.replace(/[;]/g, ''),
      value => `my_secret: |\n  ${value}\n  more\n`,
      value => `tokens:\n  - ${value}\n`,
      value => `url: "postgres://u:${value.replace(/[?]/g, '')}@h/db"\n`,
    )
    const before = fc.constantFrom('', 'name: x\n', '# why\n', 'list: [a, b]\n')
    fc.assert(
      fc.property(secret, place, before, (value, put, first) => {
        const text = first + put(value)
        const redactor = new Redactor(text)
        const hidden = redactor.redact(text)
        expect(hidden).not.toContain(value.replace(/[;?]/g, ''))
        expect(redactor.restore(hidden)).toBe(text)
      }),
      { numRuns: 2000 },
    )
  })

  test('is made in time of hostile texts', () => {
    const size = 60_000
    const hostile = [
      'a',
      'password',
      '-----BEGIN ',
      'token: ',
      '://',
      '://u:',
      'sk-',
      '$6$',
      'Bearer ',
      "password: '",
      'x{',
      '\n',
      'secret=\n ',
      '=_-+',
    ]
    for (const part of hostile) {
      const text = part.repeat(Math.ceil(size / part.length))
      expect(redact(text).length).toBeGreaterThan(0)
    }
  })
})

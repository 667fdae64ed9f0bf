import { describe, expect, test } from 'vitest'
import { formatWhen, JOINED_WHEN_LIMITS, parseWhen, WHEN_LIMITS, whenBuiltins, whenIdentifiers } from './index.ts'
import { MAX_WHEN_PROBLEMS } from './limits.ts'

function canonical(text: string): string {
  const parsed = parseWhen(text)
  if (!parsed.ok) throw new Error(`${text}: ${parsed.errors[0]?.message}`)
  return formatWhen(parsed.expression)
}

/** What each error points at, its message and hint. */
function errors(text: string): string[] {
  const parsed = parseWhen(text)
  if (parsed.ok) throw new Error(`${text} was accepted`)
  return parsed.errors.map(({ offset, length, message, hint }) => {
    return `${text.slice(offset, offset + length)} — ${message}${hint === '' ? '' : ` — ${hint}`}`
  })
}

describe('reading a condition', () => {
  test.each([
    ['changed', 'changed'],
    ["os_family('debian')", "os_family('debian')"],
    ['os_family("debian")', "os_family('debian')"],
    ["  file_exists ( '/etc/x' )\n", "file_exists('/etc/x')"],
    ['hour_range(22,6)', 'hour_range(22, 6)'],
    ['a.b&&c.d', 'a.b && c.d'],
    ['a.b || c.d && e.f', 'a.b || c.d && e.f'],
    ['(a.b || c.d) && e.f', '(a.b || c.d) && e.f'],
    ['((a.b))', 'a.b'],
    ['(a.b && c.d) && e.f', 'a.b && c.d && e.f'],
    ['a.b || (c.d || e.f)', 'a.b || c.d || e.f'],
    ['!a.b && !(c.d || e.f)', '!a.b && !(c.d || e.f)'],
    ['!!a.b', '!!a.b'],
    ['! ( a.b )', '!a.b'],
    ['true || false', 'true || false'],
    ['docker.installed && gpu-cards.nvidia_0', 'docker.installed && gpu-cards.nvidia_0'],
    ["day_of_week('Mon') || day_of_week(0)", "day_of_week('Mon') || day_of_week(0)"],
    ["trait('os.version', 12)", "trait('os.version', 12)"],
    [String.raw`command_succeeds('grep -q "^\s*x" /etc/y')`, String.raw`command_succeeds('grep -q "^\s*x" /etc/y')`],
    [String.raw`command_succeeds('it\'s')`, 'command_succeeds("it\'s")'],
    [String.raw`command_succeeds("a\"b'c\\")`, String.raw`command_succeeds('a"b\'c\\')`],
  ])('%s', (text, expected) => {
    expect(canonical(text)).toBe(expected)
  })

  test('binds && before ||, and ! before both', () => {
    const parsed = parseWhen('!a.b && c.d || e.f')
    expect(parsed).toMatchObject({
      ok: true,
      expression: {
        kind: 'or',
        operands: [
          { kind: 'and', operands: [{ kind: 'not', operand: { path: ['a', 'b'] } }, { path: ['c', 'd'] }] },
          { kind: 'trait', path: ['e', 'f'], start: 15, end: 18 },
        ],
      },
    })
  })

  test('there are sixteen functions and four names', () => {
    expect(Object.keys(whenBuiltins)).toHaveLength(16)
    expect(Object.keys(whenIdentifiers)).toHaveLength(4)
  })
})

describe('an error in a condition', () => {
  test.each([
    ['', [' — the condition is empty — write one, or remove when:']],
    ['   ', [' — the condition is empty — write one, or remove when:']],
    ["fle_exists('/x')", ["fle_exists('/x') — there is no function 'fle_exists' — did you mean 'file_exists(PATH)'?"]],
    ['chnged', ["chnged — 'chnged' is not known — did you mean 'changed'?"]],
    ['os_family', ["os_family — 'os_family' is a function — write os_family(FAMILY)"]],
    ['changed()', ["changed() — 'changed' is no function — write changed without parentheses"]],
    ["os_family('a', 'b')", ["os_family('a', 'b') — 'os_family' takes 1 argument, not 2 — write os_family(FAMILY)"]],
    ['hour_range(1)', ["hour_range(1) — 'hour_range' takes 2 arguments, not 1 — write hour_range(FROM, TO)"]],
    ['hour_range()', ["hour_range() — 'hour_range' takes 2 arguments, not 0 — write hour_range(FROM, TO)"]],
    ['distro(ubuntu)', ["ubuntu — NAME of 'distro' needs quotes — write distro('ubuntu')"]],
    ['distro(12)', ["12 — NAME of 'distro' is text, not a number — write '12'"]],
    ["day_of_month('1')", ["'1' — DAY of 'day_of_month' is a whole number, not text — write it without quotes"]],
    ["distro('')", ["'' — NAME of 'distro' is empty"]],
    ["file_exists('etc/x')", ["'etc/x' — PATH of 'file_exists' must be an absolute path"]],
    ['hour_range(0, 25)', ["25 — TO of 'hour_range' must be 0 to 24"]],
    ['hour_range(-1, 5)', ["-1 — FROM of 'hour_range' must be 0 to 23"]],
    ['minute_range(60, 5)', ["60 — FROM of 'minute_range' must be 0 to 59"]],
    ['day_of_month(32)', ["32 — DAY of 'day_of_month' must be 1 to 31"]],
    [
      "day_of_week('moonday')",
      ["'moonday' — DAY of 'day_of_week' must be a day: 'monday', 'mon', or 0 (Sunday) to 7 (Sunday)"],
    ],
    ["version_ge('jammy')", ["'jammy' — VERSION of 'version_ge' must begin with a digit: '22.04'"]],
    ["hostname('*a*b*c*')", ["'*a*b*c*' — GLOB of 'hostname' must not have more than 3 stars"]],
    ["trait('os..family', 'x')", ["'os..family' — PATH of 'trait' must be a path of names: 'os.family'"]],
    [
      '.Traits.os.container',
      [
        ".Traits.os.container — '.Traits.os.container' is written as in a template — write the trait's path alone: os.container",
      ],
    ],
    ['a.b & c.d', ["& — '&' has no meaning here — write && for and"]],
    ["os.family == 'debian'", ["= — '=' has no meaning here — compare a trait with trait('os.family', 'debian')"]],
    [
      '{{ .Vars.when }}',
      ["{ — '{' has no meaning here — templates are rendered before a condition is read; this one was not"],
    ],
    ['a.b and c.d', ["and — 'and' cannot stand here — write && for and"]],
    ['a.b c.d', ["c.d — 'c.d' cannot stand here"]],
    ['a.b &&', [' — the condition ends too early — something must follow']],
    ['&& a.b', ["&& — '&&' cannot stand here"]],
    ['(a.b', ["( — this '(' has no ')'"]],
    ['(a.b || c.d', ["( — this '(' has no ')'"]],
    ['a.b)', [") — ')' cannot stand here"]],
    ['()', [") — ')' cannot stand here"]],
    ["distro('a'", [" — the condition ends too early — a ')' is missing"]],
    ["distro('a' 'b')", ["'b' — ''b'' cannot stand here — arguments are separated by ','"]],
    ["distro('a',)", [") — ')' cannot stand here"]],
    [
      "distro('a)",
      ["' — this text does not end — text ends with the quote that it began with, and holds no control characters"],
    ],
    ["'debian'", ["'debian' — ''debian'' cannot stand here"]],
    ['5', ["5 — '5' cannot stand here"]],
    ['hour_range(1, 99999999999999999999)', ['9 — this is no number — numbers have at most 15 digits']],
  ])('%s', (text, expected) => {
    expect(errors(text)).toEqual(expected)
  })

  test('an empty range is one', () => {
    expect(errors('hour_range(5, 5)')[0]).toContain('this hour_range is never true: its ends are the same')
  })

  test('is told together with the others', () => {
    expect(errors("chnged && distor('x') || file_exists('x')").map(line => line.split(' — ')[0])).toEqual([
      'chnged',
      "distor('x')",
      "'x'",
    ])
    expect(errors(Array.from({ length: 50 }, () => 'x').join(' && '))).toHaveLength(MAX_WHEN_PROBLEMS)
  })

  test('an unknown name that is near nothing lists what there is', () => {
    expect(errors('xyzzy')[0]).toContain(
      'a trait is written with its path: docker.installed; functions and names are is_container',
    )
  })

  test('no name is taken from what objects inherit', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      expect(errors(name)[0]).toContain(`'${name}' is not known`)
      expect(errors(`${name}('x')`)[0]).toContain(`there is no function '${name}'`)
    }
  })
})

describe('what is too large', () => {
  test('a long condition, space not counted', () => {
    const name = `a.${'b'.repeat(WHEN_LIMITS.units - 2)}`
    expect(parseWhen(name).ok).toBe(true)
    expect(parseWhen(`  ${name}  `).ok).toBe(true)
    expect(errors(`${name}c`)[0]).toContain(`the condition is longer than ${WHEN_LIMITS.units} characters`)
    expect(errors(' '.repeat(100_000))[0]).toContain('the condition is longer than')
  })

  test('a deep condition', () => {
    const deep = (depth: number, open: string, close: string) => open.repeat(depth) + 'a.b' + close.repeat(depth)
    expect(parseWhen(deep(WHEN_LIMITS.depth, '(', ')')).ok).toBe(true)
    expect(errors(deep(WHEN_LIMITS.depth + 1, '(', ')'))[0]).toContain('nested deeper')
    expect(errors(deep(4000, '!', ''))[0]).toContain('nested deeper')
    expect(parseWhen(deep(JOINED_WHEN_LIMITS.depth, '(', ')'), JOINED_WHEN_LIMITS).ok).toBe(true)
    expect(parseWhen(deep(60_000, '!', ''), JOINED_WHEN_LIMITS).ok).toBe(false)
  })
})

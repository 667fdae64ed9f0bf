import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type BuiltinName,
  evaluateOnAgent,
  evaluateWhen,
  formatWhen,
  parseWhen,
  traitProblems,
  type WhenExpression,
  type WhenProbes,
  whenBuiltins,
} from './index.ts'
import { isVersionAtLeast } from './version.ts'

const text = fc.oneof(
  fc.constantFrom("it's", 'a"b', 'back\\slash', '\\', "\\'", 'C:\\x', '\\\\"', "'\\", 'x', 'π 😀', 'tab\there'),
  fc.stringMatching(/^[a-z'"\\ ]{1,8}$/),
)

const place = { start: 0, end: 0 }

function argumentsOf(name: BuiltinName): fc.Arbitrary<(string | number)[]> {
  switch (name) {
    case 'file_exists':
    case 'dir_exists':
      return text.map(path => [`/${path}`])
    case 'hour_range':
    case 'minute_range':
      return fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 24 })).filter(([a, b]) => a !== b)
    case 'day_of_week':
      return fc.constantFrom<string | number>('mon', 'Sunday', 0, 7).map(day => [day])
    case 'day_of_month':
      return fc.integer({ min: 1, max: 31 }).map(day => [day])
    case 'version_ge':
      return fc.constantFrom('1', '22.04', '1.0-rc1').map(version => [version])
    case 'hostname':
      return fc.constantFrom('web-*', '*', "o'b?").map(glob => [glob])
    case 'trait':
      return fc.tuple(fc.constantFrom('t.a', 't.d', 'os.family'), fc.oneof(text, fc.integer()))
    case 'process_running':
    case 'service_running':
    case 'has_package':
    case 'command_succeeds':
    case 'os_family':
    case 'distro':
    case 'arch':
      return text.map(value => [value])
  }
}

const leaf: fc.Arbitrary<WhenExpression> = fc.oneof(
  fc.constantFrom('is_container', 'has_enough_ram', 'host_is_libvirt', 'changed').map(name => ({
    kind: 'identifier' as const,
    name: name as 'changed',
    ...place,
  })),
  fc.constantFrom('t.a', 't.b', 't.c', 't.missing.deep', 'x-y.z_1').map(path => ({
    kind: 'trait' as const,
    path: path.split('.'),
    ...place,
  })),
  fc
    .constantFrom(...(Object.keys(whenBuiltins) as BuiltinName[]))
    .chain(name => argumentsOf(name).map(values => ({ kind: 'call' as const, name, arguments: values, ...place }))),
  fc.boolean().map(value => ({ kind: 'constant' as const, value })),
)

const expression = fc.letrec<{ or: WhenExpression; and: WhenExpression; other: WhenExpression; any: WhenExpression }>(
  tie => ({
    other: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      tie('any').map(operand => ({ kind: 'not' as const, operand })),
    ),
    and: joinedFrom('and', tie('other'), tie('or')),
    or: joinedFrom('or', tie('other'), tie('and')),
    any: fc.oneof({ depthSize: 'small', withCrossShrink: true }, tie('other'), tie('and'), tie('or')),
  }),
).any

function joinedFrom(kind: 'and' | 'or', ...operand: fc.Arbitrary<WhenExpression>[]): fc.Arbitrary<WhenExpression> {
  return fc
    .array(fc.oneof({ depthSize: 'small', withCrossShrink: true }, ...operand), { minLength: 2, maxLength: 3 })
    .map(operands => ({ kind, operands }))
}

function withoutPlaces(tree: WhenExpression): unknown {
  return JSON.parse(JSON.stringify(tree, (key, value) => (key === 'start' || key === 'end' ? undefined : value)))
}

/** Truth of every question by its source, the same one each time. */
function truth(seed: number, source: string): boolean {
  let hash = seed
  for (const character of source) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193)
  return (hash >>> 16) % 2 === 0
}

const traits = {
  t: { a: true, b: false, c: 'text', d: ['x', 5] },
  os: { family: 'Debian', arch: 'amd64' },
  is_container: true,
}

function machine(seed: number): WhenProbes {
  const answer = (name: string) => (value: string) => Promise.resolve(truth(seed, `${name} ${value}`))
  return {
    fileExists: answer('file'),
    dirExists: answer('dir'),
    processRunning: answer('process'),
    serviceRunning: answer('service'),
    packageInstalled: answer('package'),
    commandSucceeds: answer('command'),
    now: () => ({ hour: seed % 24, minute: seed % 60, dayOfWeek: seed % 7, dayOfMonth: 1 + (seed % 31) }),
    changed: () => seed % 2 === 0,
    trait: path =>
      path.reduce<unknown>((value, name) => (Object(value) as Record<string, unknown>)[name], everyTrait) as string,
  }
}

/** All that conditions here ask for, so that no question fails. */
const everyTrait = {
  ...traits,
  t: { ...traits.t, c: false, missing: { deep: true } },
  'x-y': { z_1: false },
  os: { family: 'Debian', distro: 'debian', arch: 'amd64', version: '12' },
  network: { hostname: 'web-1' },
  hardware: { memory_mb: 512 },
  host_is_libvirt: false,
}

describe('conditions', () => {
  test('print as a source that reads back as the same tree', () => {
    fc.assert(
      fc.property(expression, tree => {
        const source = formatWhen(tree)
        fc.pre(source.length < 4096)
        const parsed = parseWhen(source)
        if (!parsed.ok) throw new Error(`${source}: ${parsed.errors[0]?.message}`)
        expect(withoutPlaces(parsed.expression)).toEqual(withoutPlaces(tree))
      }),
      { numRuns: 2000 },
    )
  })

  test('what the server leaves reads back too, and says the same on the machine as the whole', async () => {
    await fc.assert(
      fc.asyncProperty(expression, fc.nat(1000), async (tree, seed) => {
        const { signal } = new AbortController()
        const whole = await evaluateOnAgent(tree, machine(seed), { signal })
        // The server knows a part of the traits, which the machine has with the same values.
        const verdict = evaluateWhen(tree, { traits: { ...traits, t: { a: true, b: false, d: ['x', 5] } } })
        if (typeof verdict === 'boolean') expect(verdict).toBe(whole)
        else {
          const parsed = parseWhen(formatWhen(verdict.residual))
          if (!parsed.ok) throw new Error('the residual cannot be read')
          expect(await evaluateOnAgent(parsed.expression, machine(seed), { signal })).toBe(whole)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('what the server leaves has no constants, and nothing that the traits decide', () => {
    fc.assert(
      fc.property(expression, tree => {
        const verdict = evaluateWhen(tree, { traits })
        if (typeof verdict === 'boolean') return
        expect(JSON.stringify(verdict)).not.toContain('"constant"')
        expect(evaluateWhen(verdict.residual, { traits })).toEqual(verdict)
      }),
      { numRuns: 2000 },
    )
  })

  test('what is printed is never longer than what was read', () => {
    const sources = fc.array(
      fc.constantFrom('a.b', 'changed', '&&', '||', '!', '(', ')', ' ', 'arch("x\'y")', "arch('\\s\\\\')", 'true'),
      { maxLength: 20 },
    )
    fc.assert(
      fc.property(sources, parts => {
        const parsed = parseWhen(parts.join(''))
        if (!parsed.ok) return
        const units = (source: string) => source.replaceAll(' ', '').length
        expect(units(formatWhen(parsed.expression))).toBeLessThanOrEqual(units(parts.join('')))
      }),
      { numRuns: 5000 },
    )
  })

  test('any text is read or refused at places within it', () => {
    const pieces = fc.constantFrom(
      '&&',
      '||',
      '!',
      '(',
      ')',
      ',',
      "'",
      '"',
      '\\',
      ' ',
      '\n',
      '5',
      '-',
      '.',
      'a.b',
      'arch',
      'changed',
      "'x'",
    )
    const texts = fc.array(fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 30 })
    fc.assert(
      fc.property(texts, parts => {
        const source = parts.join('')
        const parsed = parseWhen(source)
        if (parsed.ok) {
          traitProblems(parsed.expression, traits)
          expect(parseWhen(formatWhen(parsed.expression)).ok).toBe(true)
          return
        }
        expect(parsed.errors.length).toBeGreaterThan(0)
        for (const { offset, length } of parsed.errors) expect(offset + length).toBeLessThanOrEqual(source.length)
      }),
      { numRuns: 5000 },
    )
  })
})

describe('versions', () => {
  test.each([
    ['22.04', '9.10', true],
    ['9.10', '22.04', false],
    ['2.0', '2', true],
    ['2', '2.0.0', true],
    ['2', '2.0.1', false],
    ['1.0', '1.0-rc1', true],
    ['1.0-rc1', '1.0', false],
    ['1.0-rc2', '1.0-rc1', true],
    ['10', '9.99', true],
    ['12.4 (bookworm)', '12.4', true],
    ['', '1', false],
  ])('%s is at least %s: %s', (version, least, expected) => {
    expect(isVersionAtLeast(version, least)).toBe(expected)
  })

  test('are in a total order', () => {
    const version = fc.stringMatching(/^[0-9]{1,2}([.-][0-9a-b]{1,2}){0,3}$/)
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(isVersionAtLeast(a, a)).toBe(true)
        expect(isVersionAtLeast(a, b) || isVersionAtLeast(b, a)).toBe(true)
        if (isVersionAtLeast(a, b) && isVersionAtLeast(b, c)) expect(isVersionAtLeast(a, c)).toBe(true)
      }),
    )
  })
})

import { describe, expect, test } from 'vitest'
import { evaluateWhen, formatWhen, needsChange, parseWhen, traitProblems, type WhenExpression } from './index.ts'

const traits = {
  os: { family: 'Debian', distro: 'ubuntu', arch: 'x86_64', version: '22.04' },
  network: { hostname: 'Web-01.example.com' },
  hardware: { memory_mb: 2048 },
  docker: { installed: true, running: false, version: 24 },
  roles: { list: ['web', 'db', 3] },
  is_container: false,
  host_is_libvirt: true,
}

function parse(text: string): WhenExpression {
  const parsed = parseWhen(text)
  if (!parsed.ok) throw new Error(`${text}: ${parsed.errors[0]?.message}`)
  return parsed.expression
}

/** true, false, or the source of what is left. */
function verdict(text: string, known: typeof traits | Record<string, never> = traits): boolean | string {
  const found = evaluateWhen(parse(text), { traits: known })
  return typeof found === 'boolean' ? found : formatWhen(found.residual)
}

describe('the server decides from traits', () => {
  test.each([
    ["os_family('debian')", true],
    ["os_family('DEBIAN')", true],
    ["os_family('redhat')", false],
    ["distro('Ubuntu')", true],
    ["distro('debian')", false],
    ["arch('amd64')", true],
    ["arch('x86_64')", true],
    ["arch('arm64')", false],
    ["version_ge('20.04')", true],
    ["version_ge('22.04')", true],
    ["version_ge('22.4.1')", false],
    ["version_ge('9')", true],
    ["hostname('web-*')", true],
    ["hostname('*.example.com')", true],
    ["hostname('db-*')", false],
    ["trait('os.distro', 'ubuntu')", true],
    ["trait('os.distro', 'Ubuntu')", false],
    ["trait('docker.version', 24)", true],
    ["trait('docker.version', '24')", true],
    ["trait('docker.installed', 'true')", true],
    ["trait('roles.list', 'db')", true],
    ["trait('roles.list', 3)", true],
    ["trait('roles.list', 'mail')", false],
    ['is_container', false],
    ['host_is_libvirt', true],
    ['has_enough_ram', true],
    ['docker.installed', true],
    ['docker.running', false],
    ['!docker.running', true],
    ["docker.installed && os_family('debian')", true],
    ["docker.running || os_family('redhat')", false],
    ['true', true],
    ['!true || false', false],
  ])('%s is %s', (text, expected) => {
    expect(verdict(text)).toBe(expected)
  })

  test.each([
    ['1024', true],
    ['1023', false],
  ])('%s MB are enough: %s', (memory, expected) => {
    expect(evaluateWhen(parse('has_enough_ram'), { traits: { hardware: { memory_mb: Number(memory) } } })).toBe(
      expected,
    )
  })

  test('has_enough_ram is what its own trait says, where there is one', () => {
    const known = { has_enough_ram: false, hardware: { memory_mb: 4096 } }
    expect(evaluateWhen(parse('has_enough_ram'), { traits: known })).toBe(false)
  })
})

describe('what the server cannot decide', () => {
  test.each([
    ["file_exists('/x')", "file_exists('/x')"],
    ['changed', 'changed'],
    ["os_family('debian') && file_exists('/x')", "file_exists('/x')"],
    ["file_exists('/x') && os_family('redhat')", false],
    ["file_exists('/x') || os_family('debian')", true],
    ["file_exists('/x') || os_family('redhat')", "file_exists('/x')"],
    ["!(file_exists('/x') && docker.installed)", "!file_exists('/x')"],
    ["!!file_exists('/x')", "file_exists('/x')"],
    ['(changed || docker.running) && (hour_range(2, 4) || docker.running)', 'changed && hour_range(2, 4)'],
    [
      "docker.installed && (changed && hour_range(2, 4) || day_of_week('sun'))",
      "changed && hour_range(2, 4) || day_of_week('sun')",
    ],
    ['changed && (docker.installed && (hour_range(2, 4) && true))', 'changed && hour_range(2, 4)'],
    ['(changed || hour_range(2, 4)) && !docker.running', 'changed || hour_range(2, 4)'],
  ])('%s leaves %s', (text, expected) => {
    expect(verdict(text)).toBe(expected)
  })

  test('includes traits that it does not have, and traits of another kind', () => {
    expect(verdict('podman.installed || changed')).toBe('podman.installed || changed')
    expect(verdict('docker.version')).toBe('docker.version')
    expect(verdict("trait('docker', 'x')")).toBe("trait('docker', 'x')")
    expect(verdict("os_family('debian') && is_container", {})).toBe("os_family('debian') && is_container")
    expect(verdict('has_enough_ram', {})).toBe('has_enough_ram')
  })

  test('nothing inherited is a trait', () => {
    for (const name of ['constructor', 'toString', '__proto__']) {
      expect(verdict(`docker.${name}`)).toBe(`docker.${name}`)
      expect(verdict(`os.family.${name}`)).toBe(`os.family.${name}`)
    }
  })
})

describe('traits that a machine does not answer for', () => {
  test('are told with the name that was probably meant', () => {
    expect(traitProblems(parse('docker.instaled && changed && host_is_libvirt'), traits)).toEqual([
      {
        offset: 0,
        length: 15,
        message: 'docker.instaled needs the trait docker.instaled, which the machine does not have',
        hint: "did you mean 'docker.installed'?",
      },
    ])
  })

  test('are told with the kind that is needed', () => {
    expect(traitProblems(parse('changed && docker.version'), traits)).toEqual([
      {
        offset: 11,
        length: 14,
        message: 'docker.version needs the trait docker.version to be true or false, and it is not',
        hint: "compare it with a value: trait('docker.version', VALUE)",
      },
    ])
  })

  test('are none where the condition can be answered', () => {
    expect(traitProblems(parse("docker.installed && file_exists('/x') || !is_container"), traits)).toEqual([])
  })
})

describe('a gate that needs a change', () => {
  test.each([
    ['changed', true],
    ["changed && os_family('debian')", true],
    ['changed && (is_container || docker.running)', true],
    ['(changed && is_container) || (changed && docker.running)', true],
    ['!!changed', true],
    ['changed || is_container', false],
    ['!changed', false],
    ["os_family('debian')", false],
    ['false', true],
  ])('%s: %s', (text, expected) => {
    expect(needsChange(parse(text))).toBe(expected)
  })
})

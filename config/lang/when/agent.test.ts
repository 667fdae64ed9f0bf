import { describe, expect, test } from 'vitest'
import { evaluateOnAgent, localTimeOf, parseWhen, type WhenProbes } from './index.ts'

type Answers = Partial<Record<string, boolean>>

/** Answers by call, `file_exists /x`; what has none fails. Every question is written down. */
class Machine implements WhenProbes {
  readonly asked: string[] = []
  readonly #answers: Answers
  readonly #time: Date
  readonly #traits: Readonly<Record<string, string | boolean | number>>

  constructor(answers: Answers = {}, time = new Date(2024, 5, 3, 12, 30), traits = {}) {
    this.#answers = answers
    this.#time = time
    this.#traits = traits
  }

  fileExists = (path: string) => this.#ask(`file_exists ${path}`)
  dirExists = (path: string) => this.#ask(`dir_exists ${path}`)
  processRunning = (name: string) => this.#ask(`process_running ${name}`)
  serviceRunning = (name: string) => this.#ask(`service_running ${name}`)
  packageInstalled = (name: string) => this.#ask(`has_package ${name}`)
  commandSucceeds = (command: string) => this.#ask(`command_succeeds ${command}`)
  trait = (path: readonly string[]) => this.#traits[path.join('.')]

  now() {
    this.asked.push('now')
    return localTimeOf(this.#time)
  }

  changed() {
    this.asked.push('changed')
    return this.#answers['changed'] === true
  }

  #ask(question: string): Promise<boolean> {
    this.asked.push(question)
    const answer = this.#answers[question]
    return answer === undefined ? Promise.reject(new Error(`cannot find out: ${question}`)) : Promise.resolve(answer)
  }
}

function decide(text: string, machine: Machine, signal = new AbortController().signal): Promise<boolean> {
  const parsed = parseWhen(text)
  if (!parsed.ok) throw new Error(`${text}: ${parsed.errors[0]?.message}`)
  return evaluateOnAgent(parsed.expression, machine, { signal })
}

describe('the agent', () => {
  test.each([
    ["file_exists('/x')", 'file_exists /x'],
    ["dir_exists('/x')", 'dir_exists /x'],
    ["process_running('nginx')", 'process_running nginx'],
    ["service_running('nginx')", 'service_running nginx'],
    ["has_package('nginx')", 'has_package nginx'],
    ["command_succeeds('test -f /x')", 'command_succeeds test -f /x'],
    ['changed', 'changed'],
  ])('asks the machine for %s', async (text, question) => {
    for (const answer of [true, false]) {
      const machine = new Machine({ [question]: answer })
      expect(await decide(text, machine)).toBe(answer)
      expect(machine.asked).toEqual([question])
    }
  })

  test('asks from left to right, and no more than it must', async () => {
    const answers = { 'file_exists /a': true, 'file_exists /b': false, 'file_exists /c': true }
    const first = new Machine(answers)
    expect(await decide("file_exists('/a') && file_exists('/b') && file_exists('/c')", first)).toBe(false)
    expect(first.asked).toEqual(['file_exists /a', 'file_exists /b'])
    const second = new Machine(answers)
    expect(await decide("file_exists('/b') || file_exists('/a') || file_exists('/c')", second)).toBe(true)
    expect(second.asked).toEqual(['file_exists /b', 'file_exists /a'])
    expect(await decide("!(file_exists('/a') && !file_exists('/b'))", new Machine(answers))).toBe(false)
  })

  test('a question that cannot be answered is an error, not false', async () => {
    await expect(decide("file_exists('/x') || true", new Machine())).rejects.toThrow('cannot find out: file_exists /x')
    await expect(decide("!command_succeeds('x')", new Machine())).rejects.toThrow('cannot find out')
  })

  test('reads its own traits', async () => {
    const machine = new Machine({}, undefined, { 'os.family': 'debian', 'docker.installed': true })
    expect(await decide("os_family('debian') && docker.installed", machine)).toBe(true)
    expect(await decide("os_family('redhat')", machine)).toBe(false)
  })

  test('a trait that is missing or of another kind is an error that names it', async () => {
    const machine = new Machine({}, undefined, { 'docker.version': 24 })
    await expect(decide('docker.installed', machine)).rejects.toMatchObject({
      code: 'unknown-trait',
      message: 'when: docker.installed needs the trait docker.installed, which the machine does not have',
      context: { trait: 'docker.installed' },
    })
    await expect(decide('docker.version', machine)).rejects.toMatchObject({
      code: 'wrong-trait',
      message: /docker\.version to be true or false/,
    })
  })

  test('stops when its signal fires', async () => {
    const abort = new AbortController()
    const machine = new Machine({ 'file_exists /b': true })
    machine.fileExists = path => {
      if (path === '/a') abort.abort(new Error('enough'))
      return Promise.resolve(true)
    }
    await expect(decide("file_exists('/a') && file_exists('/b')", machine, abort.signal)).rejects.toThrow('enough')
    await expect(decide('changed', machine, abort.signal)).rejects.toThrow('enough')
    expect(machine.asked).toEqual([])
  })
})

describe('time', () => {
  const at = (hour: number, minute: number, day = 3) => new Machine({}, new Date(2024, 5, day, hour, minute))

  test.each([
    ['hour_range(9, 17)', [9, 16], [8, 17, 0]],
    ['hour_range(22, 6)', [22, 23, 0, 5], [6, 12, 21]],
    ['hour_range(0, 24)', [0, 12, 23], []],
    ['hour_range(23, 24)', [23], [22, 0]],
    ['hour_range(23, 0)', [23], [22, 0]],
  ])('%s holds at the hours %j and not at %j', async (text, yes, no) => {
    for (const hour of yes) expect(await decide(text, at(hour, 59))).toBe(true)
    for (const hour of no) expect(await decide(text, at(hour, 0))).toBe(false)
  })

  test.each([
    ['minute_range(0, 15)', [0, 14], [15, 59]],
    ['minute_range(50, 10)', [50, 59, 0, 9], [10, 49]],
    ['minute_range(0, 60)', [0, 59], []],
  ])('%s holds at the minutes %j and not at %j', async (text, yes, no) => {
    for (const minute of yes) expect(await decide(text, at(3, minute))).toBe(true)
    for (const minute of no) expect(await decide(text, at(3, minute))).toBe(false)
  })

  test('the third of June 2024 is a Monday', async () => {
    for (const day of ["'monday'", "'Mon'", '1']) expect(await decide(`day_of_week(${day})`, at(0, 0))).toBe(true)
    for (const day of ["'sunday'", "'tue'", '0', '7']) expect(await decide(`day_of_week(${day})`, at(0, 0))).toBe(false)
    for (const day of ["'sunday'", '0', '7']) expect(await decide(`day_of_week(${day})`, at(0, 0, 2))).toBe(true)
    expect(await decide('day_of_month(3)', at(0, 0))).toBe(true)
    expect(await decide('day_of_month(4)', at(23, 59))).toBe(false)
  })

  test('is read once per condition, so that midnight cannot fall into the middle', async () => {
    const machine = at(23, 59)
    expect(await decide("hour_range(23, 24) && minute_range(59, 60) && day_of_week('mon')", machine)).toBe(true)
    expect(machine.asked).toEqual(['now'])
  })
})

import { ExecutorError } from '../errors.ts'
import type { ExecutorOf } from '../executor.ts'
import { editing } from './editing.ts'
import { bare, endedLike, type Lines, linesOf, requireOneLine, textOf } from './lines.ts'

export const iniExecutor: ExecutorOf<'ini'> = editing('ini', {
  path: ({ target_path }) => target_path,
  creates: ({ create }) => create,
  removes: ({ state }) => state === 'absent',
  edit: (text, { state, section, key, value }) => {
    const before = linesOf(text)
    if (state === 'present') {
      if (key === undefined || value === undefined) throw new ExecutorError('failed', "ini needs 'key' and 'value'")
      for (const [name, part] of Object.entries({ section, key, value })) requireOneLine(part, `'${name}'`)
      return textOf(withSetting(before, section, key, value.trim()), before)
    }
    if (key !== undefined) return textOf(withoutSetting(before, section, key), before)
    if (section !== '') return textOf(withoutSection(before, section), before)
    throw new ExecutorError('failed', "ini with 'state: absent' needs 'key' or 'section'")
  },
})

const HEADER = /^\s*\[([^\]]*)\]/
const SETTING = /^(\s*)([^=:#;\s[][^=:]*?)(\s*[=:]\s*)(.*)$/

/** For each line the section that it is in; the header is in its own. */
function sectionsOf({ lines }: Lines): string[] {
  let current = ''
  return lines.map(line => (current = HEADER.exec(line)?.[1]?.trim() ?? current))
}

interface Setting {
  readonly key: string
  /** With the blanks before it. */
  readonly name: string
  /** With the blanks around it. */
  readonly sign: string
  readonly value: string
}

function settingOf(line: string): Setting | null {
  const [, indent = '', key = '', sign = '', value = ''] = SETTING.exec(bare(line)) ?? []
  return key === '' ? null : { key, name: indent + key, sign, value: value.trim() }
}

/** The first line of the setting gets the value; further ones of the same section go, so that no reader takes another one. */
function withSetting(before: Lines, section: string, key: string, value: string): readonly string[] {
  const { lines } = before
  const sections = sectionsOf(before)
  const places = placesOf(before, sections, section, key)
  const [first] = places
  if (first !== undefined) {
    const setting = settingOf(lines[first] ?? '')
    const sign = setting?.value === '' ? signOf(before) : setting?.sign
    const changed = setting?.value === value ? lines[first] : endedLike(before, `${setting?.name}${sign}${value}`)[0]
    return lines.with(first, changed ?? '').filter((_, at) => at === first || !places.includes(at))
  }
  const added = `${key}${signOf(before)}${value}`
  const end = sections.lastIndexOf(section)
  if (end === -1 && section !== '') {
    const blank = lines.length === 0 || bare(lines.at(-1) ?? '').trim() === '' ? [] : ['']
    return [...lines, ...endedLike(before, ...blank, `[${section}]`, added)]
  }
  return lines.toSpliced(afterLastFilled(lines, sections, section), 0, ...endedLike(before, added))
}

function withoutSetting(before: Lines, section: string, key: string): readonly string[] {
  const places = placesOf(before, sectionsOf(before), section, key)
  return before.lines.filter((_, at) => !places.includes(at))
}

function withoutSection(before: Lines, section: string): readonly string[] {
  const sections = sectionsOf(before)
  return before.lines.filter((_, at) => sections[at] !== section)
}

function placesOf({ lines }: Lines, sections: readonly string[], section: string, key: string): number[] {
  return lines.flatMap((line, at) =>
    sections[at] === section && !HEADER.test(line) && settingOf(line)?.key === key ? [at] : [],
  )
}

/** Behind the last line of the section that is not blank, of its last part when it has several. */
function afterLastFilled(lines: readonly string[], sections: readonly string[], section: string): number {
  let at = sections.lastIndexOf(section) + 1
  while (at > 0 && sections[at - 1] === section && (lines[at - 1] ?? '').trim() === '') at--
  return at
}

/** As the first setting of the file that has a value writes it. */
function signOf({ lines }: Lines): string {
  return lines.map(settingOf).find(setting => setting !== null && setting.value !== '')?.sign ?? ' = '
}

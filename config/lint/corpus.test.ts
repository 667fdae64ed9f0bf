import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseDocument } from 'yaml'
import { fixFile } from './index.ts'

const folder = new URL('./corpus/', import.meta.url)
const corpus = readdirSync(folder).map(name => ({ name, text: readFileSync(new URL(name, folder), 'utf8') }))

const fixed = (text: string) => fixFile({ path: 'configcrates/corpus.vgo', text })

/** What another reader finds, text in front of each document's repairs left as it is. */
function valuesOf(text: string): unknown {
  const document = parseDocument(text, { uniqueKeys: false })
  expect(document.errors).toEqual([])
  return document.toJS({ maxAliasCount: 100 })
}

/** Lines that are only a comment, and comments behind values, as far as a simple look tells. */
function notesOf(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map(line => /(?:^|\s)(#.*)$/.exec(line)?.[1] ?? '')
    .filter(note => note !== '' && !note.startsWith('#~'))
    .toSorted()
}

test('the corpus is there', () => {
  expect(corpus.length).toBeGreaterThanOrEqual(15)
})

describe.each(corpus)('$name', ({ text }) => {
  test('is formatted, not refused', () => {
    const { refused, changes } = fixed(text)
    expect(refused).toBeUndefined()
    expect(changes.length).toBeGreaterThan(0)
  })

  test('keeps its values, but for the documented repairs', () => {
    const repaired = text
      .replace('enabled: yes', 'enabled: true')
      .replace('skip_validation: on', 'skip_validation: true')
      .replace('subscribes: [nginx-repo]', 'subscribes: [nginx-repo]\n        when: changed')
    expect(valuesOf(fixed(text).file.text)).toEqual(valuesOf(repaired))
  })

  test('keeps every comment', () => {
    expect(notesOf(fixed(text).file.text)).toEqual(notesOf(text))
  })

  test('changes no more the second time', () => {
    const { file } = fixed(text)
    expect(fixed(file.text)).toMatchObject({ file, changes: [], refused: undefined })
  })

  test('looks as it should', async () => {
    const name = corpus.find(each => each.text === text)?.name ?? ''
    await expect(fixed(text).file.text).toMatchFileSnapshot(`./corpus.formatted/${name}`)
  })
})

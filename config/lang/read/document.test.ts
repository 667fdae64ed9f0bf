import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { MAX_DEPTH, MAX_NODES, MAX_SOURCE_BYTES } from '../syntax/index.ts'
import { crateKeys } from './crate.ts'
import { environmentKeys, envoyKeys } from './envoys.ts'
import { sectionKeys } from './kind.ts'
import { resourceKeys } from './resource.ts'
import { roleKeys } from './role.ts'
import { taskKeys } from './task.ts'
import { waiverKeys } from './waiver.ts'
import { stepKeys } from './workflow.ts'

const page = readFileSync(new URL('../../../docs/language/files.md', import.meta.url), 'utf8')
const chapters = new Map(page.split(/^##+ /m).map(text => [text.split('\n', 1)[0] ?? '', text]))

describe('docs/language/files.md', () => {
  test.each([
    ['Configcrates and usercrates', crateKeys],
    ['Resources', resourceKeys],
    ['Roles', roleKeys],
    ['Envoys', envoyKeys],
    ['Environments', environmentKeys],
    ['Waivers and claims', waiverKeys],
    ['Tasks', taskKeys],
    ['Workflows', stepKeys],
    ['What a file is', sectionKeys],
  ])('names every key of the chapter %s', (chapter, keys) => {
    const text = chapters.get(chapter) ?? ''
    expect(keys.filter(key => !text.includes(`\`${key}\``) && !text.includes(`\`${key}:\``))).toEqual([])
  })

  test('has the limits that hold', () => {
    const text = chapters.get('YAML') ?? ''
    expect(MAX_SOURCE_BYTES).toBe(1024 * 1024)
    expect(text).toContain('| size of a file | 1 MiB')
    expect(text).toContain(`| nesting of maps and lists | ${MAX_DEPTH} |`)
    expect(text).toContain(`| values of a file, aliases expanded | ${MAX_NODES.toLocaleString('en')} |`)
  })
})

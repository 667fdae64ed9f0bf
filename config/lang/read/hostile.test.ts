import { describe, expect, test } from 'vitest'
import { Diagnostics } from '../diagnostic.ts'
import { complaintsAbout, crateOf } from '../fixture.ts'
import { readDeclarations } from './index.ts'

/* Files that are small enough to be read and would take minutes where the work grows with the square of something. */

function codesOf(text: string, path = 'configcrates/web.vgo'): Set<string> {
  const diagnostics = new Diagnostics()
  readDeclarations({ path, text }, diagnostics)
  return new Set(diagnostics.sorted.map(({ code }) => code))
}

const many = (count: number, piece: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => piece(at)).join('')

describe('a hostile file is read in bounded time', () => {
  test('with a long text that aliases repeat', () => {
    const text = `vars:\n  a: &a "${'{{ .Vars.x }}'.repeat(30_000)}"\n  b: [${many(50_000, () => '*a, ')}]\n`
    expect(codesOf(`${text}resources: []\n`)).toContain('yaml-alias-expansion')
  })

  test('with a text of many templates that read nothing', () => {
    const content = many(30_000, at => `      {{.State${at}}}\n`)
    const text = crateOf('name: a\ntype: file\ntarget_path: /a\nowner: root\ngroup: root\nmode: "0644"')
    const diagnostics = new Diagnostics()
    readDeclarations({ path: 'configcrates/web.vgo', text: `${text}    content: |\n${content}` }, diagnostics)
    expect(diagnostics.sorted).toHaveLength(20)
  })

  test('with a text of many references to secrets of the wrong form', () => {
    const content = many(50_000, () => '      secret:/x\n')
    expect(codesOf(`name: a\nresources: []\nvars:\n    a: |\n${content}`)).toEqual(new Set(['secret-reference']))
  })

  test('with many references between resources that do not exist', () => {
    const names = many(15_000, at => `x${at}, `)
    const resources = many(2000, at => `  - {name: site-{{ .Item }}-${at}, type: package, package: x}\n`).replaceAll(
      /site-\S+ \.Item }}-\d+/g,
      name => `"${name}"`,
    )
    expect(
      codesOf(
        `name: a\nforeach: sites\nresources:\n${resources}  - {name: z, type: package, package: x, depends_on: [${names}]}\n`,
      ),
    ).toEqual(new Set(['unknown-resource']))
  })

  test('with many keys that nobody knows', () => {
    const keys = many(20_000, at => `resource${at}: 1\n`)
    expect(codesOf(`name: a\n${keys}`)).toEqual(new Set(['unknown-key']))
    const attributes = many(20_000, at => `    packages${at}: 1\n`)
    expect(codesOf(`${crateOf('name: a\ntype: package\npackage: x')}${attributes}`)).toEqual(
      new Set(['unknown-attribute']),
    )
  })

  test('with more resources than a crate may have', () => {
    const resources = many(6000, at => `  - {name: r${at}, type: package, package: x}\n`)
    expect(complaintsAbout(`name: big\nresources:\n${resources}`)).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:1:7: error: the configcrate 'big' has 6000 resources; 5000 are allowed [too-many-resources]
        1 | name: big
          |       ^^^
        make several of it, or let 'foreach:' repeat one resource
      "
    `)
  })

  test('with a chain of resources as long as a crate may have, and the circle of it', () => {
    const chain = many(5000, at => `  - {name: r${at}, type: package, package: x, depends_on: r${(at + 1) % 5000}}\n`)
    const circle = complaintsAbout(`name: big\nresources:\n${chain}`)
    expect(circle).toContain('in a circle: r0 → r4999 → r4998 → ')
    expect(circle.length).toBeLessThan(2000)
  })
})

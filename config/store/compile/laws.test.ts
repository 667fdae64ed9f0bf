import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256Hex } from '#node/kit'
import { bundleOf, DEBIAN, filesOf, storeOf } from '../fixture.ts'
import { sampleHost, sampleTree } from '../sample/index.ts'
import { containers } from '../seeds.ts'
import { loadConfig, ReadCache } from '../tree/index.ts'
import { validate } from '../validate/index.ts'
import { compile } from './index.ts'

const small = sampleTree({ seed: 7, configcrates: 30, resources: 200, entries: 45 })

/** The bundle as text, or why there is none. */
function answerOf(store: ReturnType<typeof loadConfig>, host: string, traits: Parameters<typeof compile>[2]): string {
  return JSON.stringify(compile(store, host, traits))
}

describe('a bundle', () => {
  test('does not depend on the order of the files', () => {
    const store = loadConfig(small)
    const { host, traits } = sampleHost(20, 3)
    const expected = answerOf(store, host, traits)
    expect(expected).toContain('"outcome":"compiled"')
    fc.assert(
      fc.property(fc.shuffledSubarray(small, { minLength: small.length }), files => {
        expect(answerOf(loadConfig(files), host, traits)).toBe(expected)
      }),
      { numRuns: 10 },
    )
  })

  test('is the same whether other hosts were compiled before or not', () => {
    const warm = loadConfig(small)
    fc.assert(
      fc.property(fc.nat({ max: 44 }), fc.nat({ max: 5 }), (entry, number) => {
        const { host, traits } = sampleHost(entry, number)
        expect(answerOf(warm, host, traits)).toBe(answerOf(loadConfig(small), host, traits))
      }),
      { numRuns: 40 },
    )
  })

  test('of a tree that shares what it read with earlier ones is that of a tree read afresh', () => {
    const base: Record<string, string> = {
      'configcrates/base.vgo': 'name: base\nvars: { word: one }\n',
      'configcrates/app.vgo':
        'name: app\ndepends_on: [base]\nresources:\n  - { name: out, type: file, target_path: /out, source: out.tmpl }\n',
      'templates/out.tmpl': 'says {{ .Vars.word }}',
      'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [app]\n',
    }
    const edits: readonly [string, string | undefined][] = [
      ['configcrates/base.vgo', 'name: base\nvars: { word: two }\n'],
      ['configcrates/base.vgo', 'name: base\n'],
      ['templates/out.tmpl', 'shouts {{ .Vars.word }}'],
      ['templates/out.tmpl', undefined],
      ['out.tmpl', 'whispers {{ .Vars.word }}'],
      ['envoys.vgo', 'envoys:\n  - match: "*"\n    configcrates: [app]\n    vars: { word: three }\n'],
      ['templates/out.tmpl', base['templates/out.tmpl']],
      ['configcrates/base.vgo', base['configcrates/base.vgo']],
    ]
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...edits), { minLength: 1, maxLength: 12 }), chosen => {
        const cache = new ReadCache()
        const files = new Map(Object.entries(base))
        for (const [path, text] of chosen) {
          if (text === undefined) files.delete(path)
          else files.set(path, text)
          const all = Array.from(files, ([path, text]) => ({ path, text }))
          const shared = loadConfig(all, { cache })
          const fresh = loadConfig(all)
          expect(answerOf(shared, 'host', DEBIAN)).toBe(answerOf(fresh, 'host', DEBIAN))
          expect(validate(shared).diagnostics).toEqual(validate(fresh).diagnostics)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('has the hash that it had, while nothing that the host does is another', () => {
    const store = storeOf(containers)
    const { hash } = bundleOf(store, 'a.app.example.com')
    expect(bundleOf(store, 'b.app.example.com', { ...DEBIAN, rack: 7 }).hash).toBe(hash)
    const moved = storeOf({
      ...containers,
      'envoys/envoys.vgo': `# a comment\n${containers['envoys/envoys.vgo'] ?? ''}`,
    })
    expect(bundleOf(moved, 'a.app.example.com').hash).toBe(hash)
    const other = storeOf({
      ...containers,
      'envoys/envoys.vgo': (containers['envoys/envoys.vgo'] ?? '').replace('v2.1.0', 'v2.2.0'),
    })
    expect(bundleOf(other, 'a.app.example.com').hash).not.toBe(hash)
  })

  test('has resources whose text is their canonical form', () => {
    const { host, traits } = sampleHost(3, 1)
    const result = compile(loadConfig(small), host, traits)
    const resources = result.outcome === 'compiled' ? result.bundle.resources : []
    expect(resources.length).toBeGreaterThan(20)
    const [redis, app] = bundleOf(storeOf(containers), 'a.app.example.com').resources
    for (const resource of [...resources, redis, app]) {
      expect(sha256Hex(JSON.stringify(resource))).toBe(sha256Hex(canonicalize(resource) ?? ''))
    }
  })

  test('has every resource behind those that it depends on and subscribes to', () => {
    const { host, traits } = sampleHost(11, 1)
    const result = compile(loadConfig(small), host, traits)
    const resources = result.outcome === 'compiled' ? result.bundle.resources : []
    const positions = new Map(resources.map(({ id }, at) => [id, at]))
    const edges = resources.flatMap(({ id, dependsOn, subscribes }) =>
      [...dependsOn, ...subscribes].map(first => ({ first, id })),
    )
    expect(edges.length).toBeGreaterThan(10)
    for (const { first, id } of edges) expect(positions.get(first)).toBeLessThan(positions.get(id) ?? -1)
  })
})

describe('variables', () => {
  const LAYERS = ['environment', 'entry', 'deep', 'top', 'crate', 'dependency'] as const
  type LayerName = (typeof LAYERS)[number]

  /** A tree in which exactly these layers set the variable, each to its own name. */
  const treeOf = (setting: ReadonlySet<LayerName>): Record<string, string> => {
    const vars = (layer: LayerName): string => (setting.has(layer) ? `{ v: ${layer} }` : '{}')
    return {
      'configcrates/base.vgo': `name: base\nvars: ${vars('dependency')}\n`,
      'configcrates/app.vgo': `name: app\ndepends_on: [base]\nvars: ${vars('crate')}\nresources:\n  - name: out\n    type: file\n    target_path: /out\n    content: "{{ .Vars.v }}"\n`,
      'common.vgo': `vars: ${vars('top')}\n`,
      'a/common.vgo': `vars: ${vars('deep')}\n`,
      'environments.vgo': `env:\n  prod:\n    vars: ${vars('environment')}\n`,
      'a/envoys.vgo': `envoys:\n  - match: "*"\n    environment: prod\n    configcrates: [app]\n    vars: ${vars('entry')}\n`,
    }
  }

  test('have the value of the strongest layer that sets them, whatever the others do', () => {
    fc.assert(
      fc.property(fc.subarray([...LAYERS], { minLength: 1 }), setting => {
        const { resources } = bundleOf(storeOf(treeOf(new Set(setting))), 'host')
        const strongest = LAYERS.find(layer => setting.includes(layer))
        expect(resources.find(({ id }) => id === 'app/out')?.attributes['content']).toBe(strongest)
      }),
    )
  })

  test('that no layer sets keep the host from getting a bundle', () => {
    expect(compile(loadConfig(filesOf(treeOf(new Set()))), 'host', DEBIAN).outcome).toBe('failed')
  })
})

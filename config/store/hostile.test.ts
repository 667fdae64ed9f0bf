import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { renderDiagnostic } from '#config/lang'
import { bundleOf, compileComplaints, DEBIAN, type Files, filesOf, loadComplaints, storeOf } from './fixture.ts'
import {
  compile,
  diffEntries,
  loadConfig,
  outline,
  renderOutline,
  renderTrace,
  search,
  trace,
  validate,
} from './index.ts'
import { containers, fleet, machines, tutorial } from './seeds.ts'

const trees: readonly Files[] = [tutorial, containers, machines, fleet]

/** A tree of the examples with lines taken away, doubled, swapped or replaced by words of other lines. */
const damaged = fc
  .record({
    tree: fc.constantFrom(...trees),
    edits: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.constantFrom('drop', 'double', 'swap', 'blend')), {
      minLength: 1,
      maxLength: 6,
    }),
  })
  .map(({ tree, edits }) => edits.reduce(damage, tree))

function damage(tree: Files, [file, line, how]: readonly [number, number, string]): Files {
  const paths = Object.keys(tree)
  const path = paths[file % paths.length] ?? ''
  const lines = (tree[path] ?? '').split('\n')
  const at = line % lines.length
  const other = (line * 7 + 3) % lines.length
  const [here = '', there = ''] = [lines[at], lines[other]]
  if (how === 'drop') lines.splice(at, 1)
  else if (how === 'double') lines.splice(at, 0, here)
  else if (how === 'swap') [lines[at], lines[other]] = [there, here]
  else lines[at] = here.slice(0, here.indexOf(':') + 1) + there.slice(there.indexOf(':') + 1)
  return { ...tree, [path]: lines.join('\n') }
}

test('whatever is wrong with a tree, every question about it has an answer', () => {
  fc.assert(
    fc.property(damaged, files => {
      const store = loadConfig(filesOf(files))
      const { diagnostics } = validate(store)
      expect(diagnostics.map(renderDiagnostic).every(text => text.includes(': '))).toBe(true)
      expect(renderOutline(outline(store))).not.toBe('')
      expect(search(store, '').every(({ place }) => /:\d+:\d+$/.test(place))).toBe(true)
      for (const host of ['web1.a.example.com', 'x.app.example.com', 'hv1']) {
        const { outcome } = compile(store, host, DEBIAN)
        if (store.hasErrors) expect(outcome).toBe('failed')
        for (const crate of ['web', 'app-stack', 'motd']) {
          expect(renderTrace(trace(store, host, { crate }))).toContain(host)
        }
      }
      expect(diffEntries(store, store).groups).toEqual([])
    }),
    { numRuns: 300 },
  )
})

test('a tree that validation finds nothing wrong with compiles for the hosts of its entries', () => {
  fc.assert(
    fc.property(damaged, files => {
      const store = loadConfig(filesOf(files))
      if (validate(store).diagnostics.some(({ severity }) => severity === 'error')) return
      for (const host of ['web1.a.example.com', 'x.app.example.com', 'hv1']) {
        expect(compile(store, host, DEBIAN).outcome).not.toBe('failed')
      }
    }),
    { numRuns: 300 },
  )
})

describe('names that objects inherit', () => {
  const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']

  test('are variables, traits and environments like all others', () => {
    for (const name of NAMES) {
      const files: Files = {
        'configcrates/x.vgo': `name: x\nresources:\n  - { name: a, type: container, container: a, image: a, env: { ${name}: "1" }, labels: "{{ .Vars.${name} }}" }\n`,
        'environments.vgo': 'env:\n  e:\n    vars: {}\n',
        'envoys.vgo': `envoys:\n  - match: "*"\n    environment: e\n    configcrates: [x]\n    vars: { ${name}: { ${name}: own } }\n`,
      }
      const attributes = bundleOf(storeOf(files), 'host').resources[0]?.attributes
      expect(JSON.stringify(attributes?.['env'])).toBe(`{"${name}":"1"}`)
      expect(JSON.stringify(attributes?.['labels'])).toBe(`{"${name}":"own"}`)
    }
    expect(Object.hasOwn(Object.prototype, 'own')).toBe(false)
  })

  test('are missing where nobody sets them', () => {
    for (const name of NAMES) {
      const files: Files = {
        'configcrates/x.vgo': `name: x\nresources:\n  - { name: a, type: file, target_path: /a, content: "{{ .Vars.${name} }}{{ .Traits.${name} }}" }\n`,
        'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [x]\n',
      }
      expect(compileComplaints(files, 'host')).toContain('missing-variable')
    }
  })

  test('are no crates, roles and environments that anybody declared', () => {
    for (const name of NAMES.slice(1)) {
      const complaints = loadComplaints({
        'environments.vgo': 'env:\n  e: {}\n',
        'envoys.vgo': `envoys:\n  - match: "*"\n    environment: ${name}\n    configcrates: [${name}]\n    roles: [${name}]\n`,
      })
      expect(complaints.match(/unknown-(?:environment|configcrate|role)/g)).toHaveLength(3)
    }
  })
})

describe('work is bounded', () => {
  test('for lists that multiply each other', () => {
    const items = `[${Array.from({ length: 1000 }, (_, at) => at).join(', ')}]`
    const files: Files = {
      'configcrates/x.vgo': `name: x\nforeach: ${items}\nresources:\n  - { name: a, type: directory, target_path: "/a/{{ .Item }}", foreach: ${items} }\n`,
      'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [x]\n',
    }
    const complaints = compileComplaints(files, 'host')
    expect(complaints).toContain('the crate becomes more than 20000 resources on one host [too-many-resources]')
  })

  test('for lists that are too long', () => {
    const files: Files = {
      'configcrates/x.vgo': `name: x\nvars: { n: [${Array.from({ length: 1001 }, (_, at) => at).join(', ')}] }\nresources:\n  - { name: a, type: directory, target_path: "/a/{{ .Item }}", foreach: n }\n`,
      'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [x]\n',
    }
    expect(compileComplaints(files, 'host')).toContain("'foreach' would repeat this 1001 times; 1000 are allowed")
  })
})

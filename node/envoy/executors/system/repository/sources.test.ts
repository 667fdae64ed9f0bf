import { describe, expect, test } from 'vitest'
import { executorCompliance } from '../../executors.compliance.ts'
import { attributesFor, makeSandbox } from '../../fixture.ts'
import { stopping } from '../stopping.ts'
import { editApkRepositories } from './apk-source.ts'
import { aptSource } from './apt-source.ts'
import { iniSource } from './ini-source.ts'
import { repositoryExecutor } from './repository.ts'

const HEADER = '# Managed by Vigo: changes are put right again.\n'
const apt = (repo: string, given: Partial<Parameters<typeof aptSource>[1]> = {}) =>
  aptSource(repo, { format: 'auto', enabled: true, keyFile: undefined, ...given })

describe('a source of apt', () => {
  test('gets its key, and is commented out when it is not enabled', () => {
    const repo = 'deb [arch=amd64,arm64] https://example.org/debian  bookworm main contrib'
    expect(apt(repo, { keyFile: '/k.gpg' })).toEqual({
      form: 'list',
      text: `${HEADER}deb [arch=amd64,arm64 signed-by=/k.gpg] https://example.org/debian bookworm main contrib\n`,
    })
    expect(apt('deb [signed-by=/own.gpg] https://example.org ./', { keyFile: '/k.gpg' }).text).toContain(
      '[signed-by=/own.gpg]',
    )
    expect(apt('deb https://example.org ./', { enabled: false }).text).toBe(`${HEADER}# deb https://example.org ./\n`)
  })

  test('is written in the newer form when asked, with every option', () => {
    const repo =
      'deb [arch=amd64,arm64 trusted=no] https://example.org/debian bookworm main\ndeb-src https://example.org/debian bookworm main'
    expect(apt(repo, { format: 'deb822', enabled: false, keyFile: '/k.gpg' }).text).toBe(
      `${HEADER}Types: deb\nURIs: https://example.org/debian\nSuites: bookworm\nComponents: main\nArchitectures: amd64 arm64\nTrusted: no\nSigned-By: /k.gpg\nEnabled: no

Types: deb-src\nURIs: https://example.org/debian\nSuites: bookworm\nComponents: main\nSigned-By: /k.gpg\nEnabled: no\n`,
    )
  })

  test('of the newer form keeps what its author wrote', () => {
    const repo = 'Types: deb\nURIs: https://example.org\nSuites: a\nComponents: main\nEnabled: no\nX-Note: kept'
    expect(apt(repo, { keyFile: '/k.gpg' }).text).toBe(
      `${HEADER}Types: deb\nURIs: https://example.org\nSuites: a\nComponents: main\nX-Note: kept\nSigned-By: /k.gpg\n`,
    )
    expect(() => apt(repo, { format: 'list' })).toThrow(/deb822/)
  })

  test('that is none is a failure', () => {
    for (const bad of [
      '',
      'https://example.org',
      'ppa:x/y',
      'deb https://example.org',
      'deb [arch] https://example.org a',
    ]) {
      expect(() => apt(bad), bad).toThrow()
    }
  })
})

test('a source of dnf or zypper is made from a URL or from sections, and checks signatures unless it says otherwise', () => {
  expect(iniSource('https://example.org/rpm', { name: 'x', enabled: true, keyFile: '/k' })).toBe(
    `${HEADER}[x]\nname=x\nbaseurl=https://example.org/rpm\nenabled=1\ngpgkey=file:///k\ngpgcheck=1\n`,
  )
  const two = '[a]\nname=A\nbaseurl=https://a\nenabled=1\ngpgcheck=0\n\n[b]\nbaseurl=https://b'
  expect(iniSource(two, { name: 'x', enabled: false, keyFile: undefined })).toBe(
    `${HEADER}[a]\nname=A\nbaseurl=https://a\ngpgcheck=0\nenabled=0\n\n[b]\nbaseurl=https://b\nenabled=0\ngpgcheck=1\n`,
  )
  for (const bad of ['', 'example.org', 'name=x\n[a]', 'https://a\n[evil]']) {
    expect(() => iniSource(bad, { name: 'x', enabled: true, keyFile: undefined }), bad).toThrow()
  }
})

test('repositories of Alpine are lines among others', () => {
  const text = 'https://example.org/main\n#https://example.org/community'
  const added = editApkRepositories(text, 'edge', 'https://example.org/edge', true)
  expect(added).toBe(`${text}\n# vigo: edge\nhttps://example.org/edge\n`)
  const disabled = editApkRepositories(added, 'edge', 'https://example.org/edge', false)
  expect(disabled).toBe(`${text}\n# vigo: edge\n#https://example.org/edge\n`)
  expect(editApkRepositories(disabled, 'edge', null, true)).toBe(`${text}\n`)
  expect(() => editApkRepositories(text, 'x', 'a\nhttps://b', true)).toThrow()
})

executorCompliance(stopping(repositoryExecutor as never), {
  makeMachine: makeSandbox,
  cases: [
    {
      name: 'a source without a key',
      attributes: attributesFor('repository', { repository: 'x', repo: 'deb https://example.org a main' }),
      starts: {
        'without folders': box => box.folder('/etc'),
        'with other text': box => box.put('/etc/apt/sources.list.d/x.list', 'deb https://old.example.org a main\n'),
        'in the other form': box => box.put('/etc/apt/sources.list.d/x.sources', 'Types: deb\n'),
      },
      path: '/etc/apt/sources.list.d/x.list',
    },
    {
      name: 'a source that is to go',
      attributes: attributesFor('repository', {
        repository: 'x',
        repo: 'deb https://example.org a main',
        state: 'absent',
      }),
      starts: { there: box => box.put('/etc/apt/sources.list.d/x.list', 'deb https://example.org a main\n') },
    },
  ],
})

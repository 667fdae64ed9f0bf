import { expect, test } from 'vitest'
import { renderDiagnostic } from '#config/lang'
import { lintFile, lintTree } from './index.ts'

const LABELLED = `#~ Manages package, file, service
name: nginx
resources:
  #~ Install nginx package
  - name: nginx-package
    type: package
    package: nginx
  #~ Deploy /etc/nginx/nginx.conf
  - name: nginx-config
    type: file
    target_path: /etc/nginx/nginx.conf
    content: "server {}"
    owner: root
    group: root
    mode: "0644"
    notify: [nginx-service]
  #~ Ensure nginx is running and enabled
  - name: nginx-service
    type: service
    service: nginx
    state: running
    enabled: true
    depends_on: [nginx-package, nginx-config]
`

const ROUGH = `resources:
- package: nginx
  type: package
  name: nginx-package
- notify: [nginx-service]
  content: "server {}"
  target_path: /etc/nginx/nginx.conf
  group: root
  owner: root
  mode: "0644"
  type: file
  name: nginx-config
- depends_on: [nginx-package, nginx-config]
  enabled: yes
  name: nginx-service
  state: running  
  type: service
  service: nginx
name: nginx`

test('the example of the linter comes out of its rough form as it is printed', () => {
  const { file, diagnostics, refused } = lintFile({ path: 'configcrates/nginx.vgo', text: ROUGH })
  expect(refused).toBeUndefined()
  expect(file.text).toBe(LABELLED)
  expect(diagnostics).toEqual([])
})

test('the example stays as it is printed', () => {
  const { file, changes } = lintFile({ path: 'configcrates/nginx.vgo', text: LABELLED })
  expect([file.text, changes]).toEqual([LABELLED, []])
})

test('a file that is no crate is repaired, and keeps its form', () => {
  const text = '\ufeffenvoys:\r\n    # all\r\n    - roles: [web]\r\n      match: "*"\r\n\r\n    -\tmatch: x  '
  const { file, changes, diagnostics } = lintFile({ path: 'envoys.vgo', text })
  expect(file.text).toBe('envoys:\n    # all\n    - roles: [web]\n      match: "*"\n\n    -  match: x\n')
  expect(changes.map(({ rule }) => rule)).toEqual([
    'byte-order-mark',
    'line-endings',
    'tab-indentation',
    'trailing-blanks',
    'final-newline',
  ])
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
})

test('a file from which YAML cannot be read stays as it is, and its syntax errors say why', () => {
  const text = 'name: web  \r\nresources: [  \r\n'
  const { file, refused, changes, diagnostics } = lintFile({ path: 'configcrates/web.vgo', text })
  expect([file.text, refused, changes]).toEqual([text, 'YAML cannot be read from it', []])
  expect(diagnostics.map(({ code }) => code)).toEqual(['yaml-bracket'])
})

test('a file that only tabs keep from being read is repaired', () => {
  const text = 'name: web\nresources:\n\t- type: own\n\t  custom: true\n\t  script: |\n\t\t\tall:\n\t\t\t\tgcc\n'
  expect(lintFile({ path: 'configcrates/web.vgo', text }).file.text).toBe(`#~ Manages own
name: web
resources:
  #~ Run own for this host
  - type: own
    custom: true
    script: |
      all:
      \tgcc
`)
})

test('a file whose change would not be safe is refused, and says why', () => {
  const text = 'envoys: &all []\nroles: *all\nenvoys: []\n'
  const { file, refused, changes, diagnostics } = lintFile({ path: 'envoys.vgo', text })
  expect([file.text, changes]).toEqual([text, []])
  expect(refused).toBe('YAML could no longer be read from it')
  const refusal = diagnostics.find(({ code }) => code === 'not-formatted')
  expect(refusal && renderDiagnostic(refusal)).toBe(
    `envoys.vgo:1:1: warning: the file was left as it is: YAML could no longer be read from it [not-formatted]
  1 | envoys: &all []
    | ^
  format it by hand; the configuration itself is not affected`,
  )
})

test('changes name lines of the file as it was read, diagnostics lines of the text that is asked for', () => {
  const source = { path: 'configcrates/web.vgo', text: 'resources:\n\n- type: fille\n- type: own \n  custom: yes\n' }
  const fixed = lintFile(source)
  expect(fixed.changes.map(({ rule, line, lastLine }) => `${rule} ${line}-${lastLine}`)).toEqual([
    'trailing-blanks 4-4',
    'yes-no 5-5',
    'indentation 3-5',
    'label 1-1',
    'label 3-3',
    'label 4-4',
  ])
  const placed = (result: typeof fixed) => result.diagnostics.map(found => renderDiagnostic(found).split(' ')[0])
  expect(placed(fixed)).toEqual(['configcrates/web.vgo:2:1:', 'configcrates/web.vgo:5:11:'])
  expect(placed(lintFile(source, { judge: 'source' }))).toEqual([
    'configcrates/web.vgo:1:1:',
    'configcrates/web.vgo:3:9:',
    'configcrates/web.vgo:4:9:',
    'configcrates/web.vgo:5:11:',
  ])
})

test('of a tree the .vgo files are linted, by path', () => {
  const files = [
    { path: 'templates/a.tmpl', text: 'x  \r\n' },
    { path: 'roles.vgo', text: 'roles: []\n' },
    { path: 'envoys.vgo', text: '' },
  ]
  expect(lintTree(files).map(({ source }) => source.path)).toEqual(['envoys.vgo', 'roles.vgo'])
})

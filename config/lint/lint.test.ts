import { expect, test } from 'vitest'
import { lintFile } from './index.ts'

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

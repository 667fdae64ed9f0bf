import { describe, expect, test } from 'vitest'
import { Diagnostics } from '../diagnostic.ts'
import { complaintsAbout, NOTHING } from '../fixture.ts'
import { readDeclarations } from './index.ts'

/* The examples of the documents that the language comes from, as they are written there. */

describe('the first configcrate of the tutorial', () => {
  const motd = `configcrate: motd
resources:
  - type: file
    target_path: /etc/motd
    content: |
      Managed by Vigo. Do not edit by hand.
    mode: "0644"
`

  test('is valid; what it leaves out is told', () => {
    expect(complaintsAbout(motd, 'configcrates/motd.vgo')).toMatchInlineSnapshot(`
      "
      configcrates/motd.vgo:3:11: warning: this file resource does not say 'owner', 'group' [default-attribute]
        3 |   - type: file
          |           ^^^^
        this holds then: owner: root, group: root
      "
    `)
  })

  test('has a resource with a name', () => {
    const { configcrates } = readDeclarations({ path: 'configcrates/motd.vgo', text: motd }, new Diagnostics())
    const [crate] = configcrates
    expect(crate?.name.value).toBe('motd')
    expect(crate?.resources.map(({ name, nameIsDerived }) => [name.value, nameIsDerived])).toEqual([
      ['file-etc-motd', true],
    ])
  })

  test('is bound by a valid match block', () => {
    expect(complaintsAbout('envoys:\n  - match: "*"\n    configcrates: [motd]\n', 'envoys.vgo')).toBe(NOTHING)
  })
})

test('the labelled example of the linter is valid', () => {
  const text = `#~ Manages package, file, service
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
  expect(complaintsAbout(text, 'configcrates/nginx.vgo')).toBe(NOTHING)
})

test('the resource of a custom executor is valid', () => {
  const text = `name: app
resources:
  - name: deploy-app
    type: capistrano
    skip_validation: true
    command: "cap production deploy"
    unless: "test -f /var/www/app/current"
`
  expect(complaintsAbout(text)).toBe(NOTHING)
})

describe('the container stack', () => {
  test('is valid: a resource of another configcrate may be named where the crate depends on it', () => {
    const redis = `name: redis
vars:
  redis_version: "7-alpine"
  redis_port: "6379"
  redis_maxmemory: 256mb
resources:
  - name: redis-container
    type: container
    container: redis
    image: "redis:{{ .Vars.redis_version }}"
    state: running
    ports: "{{ .Vars.redis_port }}:6379"
    command: "redis-server --maxmemory {{ .Vars.redis_maxmemory }}"
    restart: unless-stopped
`
    const stack = `name: app-stack
depends_on:
  - redis
vars:
  app_image: myregistry.example.com/webapp
  app_tag: latest
  app_replicas: "1"
resources:
  - name: app-container
    type: container
    container: webapp
    image: "{{ .Vars.app_image }}:{{ .Vars.app_tag }}"
    state: running
    ports: "8080:8080"
    env: "REDIS_URL=redis://localhost:{{ .Vars.redis_port }},DATABASE_URL=secret:vigo/webapp/database_url"
    restart: unless-stopped
    depends_on:
      - redis-container
`
    expect(complaintsAbout(redis, 'configcrates/redis.vgo')).toBe(NOTHING)
    expect(complaintsAbout(stack, 'configcrates/app-stack.vgo')).toBe(NOTHING)
  })

  test('has a role and an envoy in files of their own', () => {
    const role = 'name: docker-app\nconfigcrates:\n  - redis\n  - app-stack\n'
    expect(complaintsAbout(role, 'roles/docker-app.vgo')).toBe(NOTHING)
    const envoys = `envoys:
  - match: "*.app.example.com"
    environment: production
    roles: [docker-app]
    vars:
      app_tag: "v2.1.0"
      redis_maxmemory: 512mb
`
    expect(complaintsAbout(envoys, 'envoys/envoys.vgo')).toBe(NOTHING)
  })

  test('has a compose recipe that breaks two rules, and both messages say how to mend it', () => {
    const text = `name: compose-app
resources:
  - name: compose-file
    type: file
    target_path: /opt/myapp/docker-compose.yml
    content: |
      services:
        web:
          image: nginx:latest
          ports:
            - "80:80"
    owner: root
    group: root
    mode: "0644"
    notify: app-stack

  - name: app-stack
    type: exec
    command: "docker compose -f /opt/myapp/docker-compose.yml up -d --remove-orphans --pull always"
    unless: "docker compose -f /opt/myapp/docker-compose.yml ps --format '{{.State}}' | grep -qv running"
    subscribes: compose-file
`
    expect(complaintsAbout(text, 'configcrates/compose-app.vgo')).toMatchInlineSnapshot(`
      "
      configcrates/compose-app.vgo:20:77: error: templates have no '.State' here [template-namespace]
        20 |     unless: "docker compose -f /opt/myapp/docker-compose.yml ps --format '{{.State}}' | grep -qv running"
           |                                                                             ^^^^^^
        they know .Vars and .Traits; if this is not meant as a template, write {{ \`{{.State}}\` }}
      configcrates/compose-app.vgo:21:17: error: 'compose-file' would trigger 'app-stack' twice: it notifies it, and 'app-stack' subscribes to it [double-trigger]
        21 |     subscribes: compose-file
           |                 ^^^^^^^^^^^^
        keep one of them: 'notify:' there or 'subscribes:' here
        configcrates/compose-app.vgo:15:13: the 'notify' is here
      "
    `)
    const mended = text.replace('    notify: app-stack\n', '').replace('{{.State}}', '{{ `{{.State}}` }}')
    expect(complaintsAbout(mended, 'configcrates/compose-app.vgo')).toBe(NOTHING)
  })
})

describe('the virtual machines', () => {
  test('are valid', () => {
    const text = `name: vm-edge-relay

resources:
  - name: ubuntu-base
    type: file
    target_path: /var/lib/libvirt/images/ubuntu-22.04-base.img
    source: https://cloud-images.ubuntu.com/jammy/current/jammy-server-cloudimg-amd64.img
    owner: libvirt-qemu
    group: kvm
    mode: "0640"
    when: "host_is_libvirt"

  - name: edge-relay
    type: vm
    vm_name: edge-relay
    state: running
    memory_mib: 1024
    vcpu: 1
    disk_path: /var/lib/libvirt/images/ubuntu-22.04-base.img
    disk_size_gib: 10
    network_bridge: br0
    depends_on: [ubuntu-base]
    when: "host_is_libvirt"
`
    expect(complaintsAbout(text)).toBe(NOTHING)
  })

  test('are valid with variables and user data', () => {
    const text = `name: vm-web-fleet

vars:
  base_image: "alexander4/ubuntu-22.04-cloud:1.4"
  memory_mib: "4096"
  bridge: "br0"

resources:
  - name: web01
    type: vm
    vm_name: web01
    state: running
    memory_mib: "{{ .Vars.memory_mib }}"
    vcpu: "{{ .Vars.vcpu }}"
    artifact: "{{ .Vars.base_image }}"
    network_bridge: "{{ .Vars.bridge }}"
    cloud_init_user_data: |
      #cloud-config
      hostname: web01
      users:
        - name: ops
          sudo: ALL=(ALL) NOPASSWD:ALL
      runcmd:
        - [systemctl, enable, --now, nginx]
    when: "host_is_libvirt"
`
    expect(complaintsAbout(text)).toBe(NOTHING)
  })

  test('need no name of their crate where the file has one', () => {
    const text = `resources:
  - name: web01
    type: vm
    vm_name: web01
    state: stopped
    memory_mib: 4096
    vcpu: 4
    artifact: alexander4/ubuntu-22.04-cloud:1.4
    network_bridge: br0
`
    expect(complaintsAbout(text, 'configcrates/web01.vgo')).toMatchInlineSnapshot(`
      "
      configcrates/web01.vgo:1:1: warning: the configcrate has no name; it is called 'web01' like its file [missing-name]
        1 | resources:
          | ^^^^^^^^^
        add 'name: web01'
      "
    `)
  })
})

describe('the examples of artifacts', () => {
  test('grant a user the curator', () => {
    const text = 'resources:\n  - type: user\n    username: dan\n    puddle: true\n    curator: true\n'
    const { usercrates } = readDeclarations({ path: 'usercrates/dan.vgo', text }, new Diagnostics())
    expect(usercrates.map(({ name }) => name.value)).toEqual(['dan'])
    expect(complaintsAbout(text, 'usercrates/dan.vgo')).not.toContain('error')
  })

  test('run a container of one, and point to a repository', () => {
    const text = `name: private
resources:
  - name: redis-cache
    type: container
    container: redis-cache
    artifact: alexander4/redis:7.2-alpine    # pulled via the curator shim
    state: running
    ports: "6379:6379"
    healthcheck_command: "redis-cli ping"
    restart: unless-stopped
  - name: acme-internal
    type: repository
    repository: acme-internal
    repo: "deb http://127.0.0.1:5000/repo/alexander4/acme-repo stable main"
    key_url: "http://127.0.0.1:5000/repo/alexander4/acme-repo/key.asc"
`
    expect(complaintsAbout(text)).toBe(NOTHING)
  })
})

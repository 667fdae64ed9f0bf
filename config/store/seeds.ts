import type { Files } from './fixture.ts'

/** The tutorial's tree, as written. */
export const tutorial: Files = {
  'configcrates/motd.vgo': `configcrate: motd
resources:
  - type: file
    target_path: /etc/motd
    content: |
      Managed by Vigo. Do not edit by hand.
    mode: "0644"
`,
  'envoys.vgo': `envoys:
  - match: "*"
    configcrates: [motd]
`,
}

/** The container example's tree, as written. */
export const containers: Files = {
  'configcrates/redis.vgo': `name: redis
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
`,
  'configcrates/app-stack.vgo': `name: app-stack
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
`,
  'roles/docker-app.vgo': `name: docker-app
configcrates:
  - redis
  - app-stack
`,
  'envoys/envoys.vgo': `envoys:
  - match: "*.app.example.com"
    environment: production
    roles: [docker-app]
    vars:
      app_tag: "v2.1.0"
      redis_maxmemory: 512mb
`,
}

/** The virtual machine's examples, as written. */
export const machines: Files = {
  'configcrates/vm-edge-relay.vgo': `name: vm-edge-relay

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
`,
  'configcrates/vm-web-fleet.vgo': `name: vm-web-fleet

vars:
  base_image: "alexander4/ubuntu-22.04-cloud:1.4"
  memory_mib: "4096"
  vcpu: "4"
  disk_size_gib: "30"
  bridge: "br0"

resources:
  - name: web01
    type: vm
    vm_name: web01
    state: running
    memory_mib: "{{ .Vars.memory_mib }}"
    vcpu: "{{ .Vars.vcpu }}"
    artifact: "{{ .Vars.base_image }}"
    disk_size_gib: "{{ .Vars.disk_size_gib }}"
    network_bridge: "{{ .Vars.bridge }}"
    cloud_init_user_data: |
      #cloud-config
      hostname: web01
      manage_etc_hosts: true
    when: "host_is_libvirt"
`,
  'envoys.vgo': `envoys:
  - match: "hv*"
    configcrates: [vm-edge-relay, vm-web-fleet]
`,
}

/** Tenants as folders, tiers as environments, functions as roles. */
export const fleet: Files = {
  'configcrates/base.vgo':
    'name: base\nvars: { ntp: pool.ntp.org }\nresources:\n  - { name: ntp, type: file, target_path: /etc/ntp.conf, content: "server {{ .Vars.ntp }}", owner: root, group: root, mode: "0644" }\n',
  'configcrates/web.vgo': `name: web
depends_on: [base]
vars: { workers: 2, port: 80 }
defaults: { owner: www, mode: "0600" }
resources:
  - name: config
    type: file
    target_path: /etc/web.conf
    content: "{{ .Vars.workers }} workers on {{ .Vars.port }}, time from {{ .Vars.ntp }}"
    group: www
    mode: "0640"
  - name: debian-only
    type: exec
    command: "true"
    unless: "false"
    when: os_family('debian')
`,
  'configcrates/debug.vgo': 'name: debug\n',
  'roles/web.vgo': 'name: web-server\nconfigcrates: [web]\n',
  'common.vgo': 'configcrates: [debug]\nvars: { ntp: ntp.example.com }\n',
  'environments.vgo': 'env:\n  production:\n    vars: { workers: 8 }\n    exclude_configcrates: [debug]\n',
  'customerA/common.vgo': 'vars: { ntp: ntp.customer-a.example.com }\n',
  'customerA/environments.vgo': 'env:\n  production:\n    vars: { workers: 16 }\n',
  'customerA/envoys.vgo':
    'envoys:\n  - match: "web*.a.example.com"\n    environment: production\n    roles: [web-server]\n    vars: { workers: 4, port: 8080 }\n',
  'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [base]\n',
}

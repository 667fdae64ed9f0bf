import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { renderDiagnostic } from '#config/lang'
import { lintTree } from '#config/lint'
import { type PublishResult, publish, treeChecker } from '#config/publish'
import { type Bundle, compileExample, loadFolder, Releases, releasePlaces } from '#config/store'
import { containers, machines, tutorial } from '../../config/store/seeds.ts'

/* The examples of the documents that the product comes from, as they are written there, all the way to the bundle of a host. */

type Files = Readonly<Record<string, string>>

interface Tried {
  readonly result: PublishResult
  readonly messages: readonly string[]
  /** Of the published release. */
  readonly bundle: (host: string) => Bundle
  readonly source: (path: string) => Promise<string>
}

async function tried(files: Files, use: (tried: Tried) => Promise<void> | void): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'vigo-seeds-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(home, 'stacks', path)), { recursive: true })
      await writeFile(join(home, 'stacks', path), text)
    }
    const releases = new Releases({ places: releasePlaces(home) })
    const result = await publish({ releases, checker: treeChecker(), author: 'alice', skipUrlCheck: true })
    const store = await loadFolder(join(home, result.outcome === 'published' ? '.live' : 'stacks'))
    await use({
      result,
      messages: result.diagnostics.map(renderDiagnostic),
      bundle: host => {
        const compiled = compileExample(store, host)
        if (compiled.outcome !== 'compiled') throw new Error(`${host}: ${compiled.outcome}`)
        return compiled.bundle
      },
      source: path => readFile(join(home, 'stacks', path), 'utf8'),
    })
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

const lintErrors = (files: Files) =>
  lintTree(Object.entries(files).map(([path, text]) => ({ path, text })))
    .flatMap(({ diagnostics }) => diagnostics)
    .filter(({ severity }) => severity === 'error')

describe('the tutorial', () => {
  test('is linted, published and compiled as written; owner and group are told to have defaults', async () => {
    expect(lintErrors(tutorial)).toEqual([])
    await tried(tutorial, async ({ result, messages, bundle, source }) => {
      expect(result).toMatchObject({
        outcome: 'published',
        entry: { files: 2, counts: { configcrates: 1, roles: 0, envoyEntries: 1 } },
        repaired: ['configcrates/motd.vgo'],
      })
      expect(messages).toHaveLength(1)
      expect(messages[0]).toContain("warning: this file resource does not say 'owner', 'group' [default-attribute]")
      expect(bundle('any.example.com').resources.map(({ id, attributes }) => [id, attributes['content']])).toEqual([
        ['motd/file-etc-motd', 'Managed by Vigo. Do not edit by hand.\n'],
      ])
      expect(await source('configcrates/motd.vgo')).toMatch(/^#~ Manages file\nconfigcrate: motd\n/)
    })
  })
})

describe('the labelled configcrate of the publishing guide', () => {
  const nginx = `#~ Manages package, file, service
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
  const files = {
    'configcrates/nginx.vgo': nginx,
    'envoys.vgo': 'envoys:\n  - match: "web*"\n    configcrates: [nginx]\n',
  }

  test('is what the linter makes of it, label by label', async () => {
    await tried(files, ({ result, messages, bundle }) => {
      expect(result).toMatchObject({ outcome: 'published', repaired: [] })
      expect(messages).toEqual([])
      expect(bundle('web1').resources.map(({ name }) => name)).toEqual([
        'nginx-package',
        'nginx-config',
        'nginx-service',
      ])
    })
  })

  test('gets its labels back when they are gone', async () => {
    const bare = nginx.replaceAll(/^ *#~.*\n/gm, '')
    await tried({ ...files, 'configcrates/nginx.vgo': bare }, async ({ result, source }) => {
      expect(result).toMatchObject({ outcome: 'published', repaired: ['configcrates/nginx.vgo'] })
      expect(await source('configcrates/nginx.vgo')).toBe(nginx)
    })
  })
})

test('the custom executor of the publishing guide is published as its author wrote it', async () => {
  const files = {
    'configcrates/app.vgo': `name: app
resources:
  - name: deploy-app
    type: capistrano
    skip_validation: true
    command: "cap production deploy"
    unless: "test -f /var/www/app/current"
`,
    'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [app]\n',
  }
  await tried(files, ({ result, messages, bundle }) => {
    expect([result.outcome, messages]).toEqual(['published', []])
    expect(bundle('a').resources[0]).toMatchObject({ type: 'capistrano', custom: true })
  })
})

describe('the container stack', () => {
  test('is linted, published and compiled as written; the environment that nothing declares is told', async () => {
    expect(lintErrors(containers)).toEqual([])
    await tried(containers, ({ result, messages, bundle }) => {
      expect(result).toMatchObject({
        outcome: 'published',
        entry: { files: 4, counts: { configcrates: 2, roles: 1, envoyEntries: 1 } },
      })
      expect(messages).toHaveLength(1)
      expect(messages[0]).toMatch(/^envoys\/envoys\.vgo:3:18: warning: .*'production'.* \[unknown-environment\]/)
      const { crates, resources } = bundle('web1.app.example.com')
      expect(crates.map(({ name }) => name)).toEqual(['redis', 'app-stack'])
      expect(resources.map(({ attributes }) => attributes['image'])).toEqual([
        'redis:7-alpine',
        'myregistry.example.com/webapp:v2.1.0',
      ])
    })
  })

  test('has a compose recipe that breaks two rules: the messages say how to mend it, and mended it is published', async () => {
    const recipe = `name: compose-app
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
        api:
          image: myregistry.example.com/api:v2.1.0
          ports:
            - "8080:8080"
        redis:
          image: redis:7-alpine
    owner: root
    group: root
    mode: "0644"
    notify: app-stack

  - name: app-stack
    type: exec
    command: "docker compose -f /opt/myapp/docker-compose.yml up -d --remove-orphans --pull always"
    # Idempotency: re-up only when at least one service is not running, or
    # when the compose file changed (notify path).
    unless: "docker compose -f /opt/myapp/docker-compose.yml ps --format '{{.State}}' | grep -qv running"
    subscribes: compose-file
`
    const envoys = { 'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [compose-app]\n' }
    await tried({ ...envoys, 'configcrates/compose-app.vgo': recipe }, ({ result, messages }) => {
      expect(result.outcome).toBe('invalid')
      expect(messages.map(message => message.split('\n').filter((_, at) => at === 0 || at === 3))).toEqual([
        [
          expect.stringContaining("error: templates have no '.State' here [template-namespace]"),
          '  they know .Vars and .Traits; if this is not meant as a template, write {{ `{{.State}}` }}',
        ],
        [
          expect.stringContaining("error: 'compose-file' would trigger 'app-stack' twice"),
          "  keep one of them: 'notify:' there or 'subscribes:' here",
        ],
      ])
    })
    const mended = recipe.replace('    notify: app-stack\n', '').replace('{{.State}}', '{{ `{{.State}}` }}')
    await tried({ ...envoys, 'configcrates/compose-app.vgo': mended }, ({ result, bundle }) => {
      expect(result.outcome).toBe('published')
      expect(bundle('a').resources[1]?.attributes['unless']).toContain("--format '{{.State}}' | grep")
    })
  })
})

describe('the virtual machines', () => {
  const short = `resources:
  - name: web01
    type: vm
    vm_name: web01
    state: stopped
    memory_mib: 4096
    vcpu: 4
    artifact: alexander4/ubuntu-22.04-cloud:1.4
    network_bridge: br0
`

  test('are linted, published and compiled as written, also the one without a name', async () => {
    expect(lintErrors({ ...machines, 'configcrates/web01.vgo': short })).toEqual([])
    await tried(machines, ({ result, messages, bundle }) => {
      expect([result.outcome, messages]).toEqual(['published', []])
      expect(bundle('hv1').resources.map(({ id }) => id)).toEqual([
        'vm-edge-relay/ubuntu-base',
        'vm-edge-relay/edge-relay',
        'vm-web-fleet/web01',
      ])
    })
    const envoys = 'envoys:\n  - match: "hv*"\n    configcrates: [web01]\n'
    await tried({ 'configcrates/web01.vgo': short, 'envoys.vgo': envoys }, ({ result, messages, bundle }) => {
      expect(result.outcome).toBe('published')
      expect(messages.join()).toContain("the configcrate has no name; it is called 'web01' like its file")
      expect(bundle('hv1').resources[0]?.attributes).toMatchObject({ state: 'stopped', memory_mib: 4096 })
    })
  })

  test('keep the comment that begins their user data, in the release too', async () => {
    await tried(machines, ({ bundle }) => {
      expect(bundle('hv1').resources[2]?.attributes['cloud_init_user_data']).toMatch(/^#cloud-config\n/)
    })
  })
})

test('the examples of artifacts: a user with rights, a container and a repository from the swarm', async () => {
  const files = {
    'usercrates/dan.vgo':
      'resources:\n  - type: user\n    username: dan\n    puddle: true              # required\n    curator: true             # opt-in for curator publish\n',
    'configcrates/private.vgo': `name: private
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
`,
    'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [private]\n    usercrates: [dan]\n',
  }
  expect(lintErrors(files)).toEqual([])
  await tried(files, ({ result, bundle }) => {
    expect(result.outcome).toBe('published')
    const { resources, artifacts, usercrates } = bundle('a')
    expect(resources.map(({ name }) => name)).toEqual(['redis-cache', 'acme-internal', 'user-dan'])
    expect([artifacts, usercrates]).toEqual([['alexander4/redis:7.2-alpine'], ['dan']])
  })
})

test('what no entry matches is not managed', async () => {
  await tried(containers, ({ bundle }) => {
    expect(() => bundle('db1.example.com')).toThrow('unmatched')
  })
})

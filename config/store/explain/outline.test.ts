import { expect, test } from 'vitest'
import { bundleOf, storeOf } from '../fixture.ts'
import { containers } from '../seeds.ts'
import { outline, presentable, renderBundle, renderFound, renderOutline, search } from './index.ts'

const store = storeOf(containers)

test('an outline is the tree as servers see it', () => {
  expect(`\n${renderOutline(outline(store))}`).toMatchInlineSnapshot(`
    "
    entries, in the order in which they are tried
      *.app.example.com (envoys/envoys.vgo:2:12)
        environment production
        roles docker-app
        applies redis, app-stack

    roles
      docker-app (roles/docker-app.vgo:1:7): redis, app-stack

    configcrates
      app-stack (configcrates/app-stack.vgo:1:7): 1 resource; variables app_image, app_tag, app_replicas
      redis (configcrates/redis.vgo:1:7): 1 resource; variables redis_version, redis_port, redis_maxmemory
    "
  `)
})

test('a search finds names by a part of them, by a pattern, and entries by the host that they match', () => {
  expect(`\n${renderFound(search(store, 'REDIS'))}`).toMatchInlineSnapshot(`
    "
    envoys/envoys.vgo:7:7: variable redis_maxmemory of entry '*.app.example.com'
    configcrates/redis.vgo:1:7: configcrate redis
    configcrates/redis.vgo:3:3: variable redis_version of configcrate 'redis'
    configcrates/redis.vgo:4:3: variable redis_port of configcrate 'redis'
    configcrates/redis.vgo:5:3: variable redis_maxmemory of configcrate 'redis'
    configcrates/redis.vgo:7:11: resource redis-container of configcrate 'redis'
    "
  `)
  expect(search(store, '*_port').map(({ kind, name }) => [kind, name])).toEqual([['variable', 'redis_port']])
  expect(search(store, 'web1.app.example.com').map(({ kind, name }) => [kind, name])).toEqual([
    ['entry', '*.app.example.com'],
  ])
  expect(renderFound(search(store, 'mysql'))).toBe('nothing in the tree has such a name\n')
})

test('a bundle is shown resource by resource', () => {
  expect(`\n${renderBundle(bundleOf(store, 'web1.app.example.com'))}`).toMatchInlineSnapshot(`
    "
    web1.app.example.com: 2 resources, bundle f584040e3714
      matched by '*.app.example.com' in envoys/envoys.vgo:2:12, environment production

    container redis/redis-container
      command: redis-server --maxmemory 512mb
      container: redis
      healthcheck_interval: 30
      healthcheck_retries: 3
      image: redis:7-alpine
      ports: ["6379:6379"]
      privileged: false
      pull: missing
      restart: unless-stopped
      state: running
      timeout: 300

    container app-stack/app-container
      container: webapp
      env: {"DATABASE_URL":"secret:vigo/webapp/database_url","REDIS_URL":"redis://localhost:6379"}
      healthcheck_interval: 30
      healthcheck_retries: 3
      image: myregistry.example.com/webapp:v2.1.0
      ports: ["8080:8080"]
      privileged: false
      pull: missing
      restart: unless-stopped
      state: running
      timeout: 300
      after: redis/redis-container
    "
  `)
})

test('a bundle that is shown has no passwords in it', () => {
  const users = storeOf({
    'configcrates/users.vgo':
      'name: users\nresources:\n  - { name: ann, type: user, username: ann, password: hunter2 }\n',
    'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [users]\n',
  })
  const bundle = bundleOf(users, 'host')
  expect(bundle.resources[0]?.attributes['password']).toBe('hunter2')
  expect(presentable(bundle).resources[0]?.attributes['password']).toBe('(hidden)')
  expect(renderBundle(bundle)).not.toContain('hunter2')
})

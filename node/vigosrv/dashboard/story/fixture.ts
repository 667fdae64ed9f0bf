import type { ResourceResult } from '#node/checkin'
import type { FleetCounts, FleetSample } from '../../fleet/types.ts'
import { type FakeServer, FILES } from '../fixture.ts'
import { result } from '../pages/envoys/fixture.ts'
import { addTasks } from '../pages/tasks/fixture.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

const SERVICE_MESSAGE =
  "nginx.service did not start: exit code 1, 'nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)'; see journalctl -u nginx"

export const NGINX_FAILED: readonly ResourceResult[] = [
  result('nginx/config', 'file', 'changed', {
    diff: '--- /etc/nginx/nginx.conf\n+++ /etc/nginx/nginx.conf\n@@ -1,3 +1,3 @@\n worker_processes 8;\n events { worker_connections 1024; }\n-http { server { listen 8080; } }\n+http { server { listen 80; } }\n',
  }),
  result('nginx/service', 'service', 'failed-restart', {
    message: SERVICE_MESSAGE,
    output: 'Job for nginx.service failed because the control process exited with error code.\n',
  }),
]

/** The fleet after a release that broke its canaries was taken back: what the first screen has to tell. */
export async function rolledBackFleet(server: FakeServer): Promise<void> {
  const { fleet, rollout, parts } = server
  await server.publish({ author: 'anna', reason: 'First release', agoMs: 26 * HOUR })
  const good = await server.publish({
    files: { 'configcrates/motd.vgo': FILES['configcrates/motd.vgo'].replace('ops@', 'platform@') },
    author: 'ben',
    reason: 'Platform team answers questions now',
    agoMs: 20 * HOUR,
  })
  const bad = await server.publish({
    files: { 'configcrates/nginx.vgo': FILES['configcrates/nginx.vgo'].replace('"8080"', '"80"') },
    author: 'anna',
    reason: 'Listen on port 80',
    agoMs: 14 * MINUTE,
  })
  const back = await server.rollBack({
    to: good.number,
    author: 'rollback monitor',
    reason: '3 of 4 canaries are worse than before: web02, web05, web09',
    agoMs: 9 * MINUTE,
  })
  const hosts = Array.from({ length: 42 }, (_, at) => `web${String(at + 1).padStart(2, '0')}.example.com`)
  for (const host of [
    ...hosts,
    'stage1.example.com',
    'stage2.example.com',
    'db1.example.com',
    'db2.example.com',
    'cache1.example.com',
    'monitoring.example.com',
  ]) {
    fleet.add(host)
    fleet.report(host, { release: good.release, agoMs: 17 * MINUTE })
  }
  const canaries = ['web02', 'web05', 'web09', 'web31'].map(name => `${name}.example.com`)
  const failed = canaries.slice(0, 3)
  for (const host of failed) fleet.report(host, { release: bad.release, results: NGINX_FAILED, agoMs: 12 * MINUTE })
  fleet.report('web31.example.com', { release: bad.release, results: NGINX_FAILED.slice(0, 1), agoMs: 12 * MINUTE })
  for (const [at, host] of hosts.entries()) {
    const results = canaries.includes(host) ? [result('nginx/config', 'file', 'changed', NGINX_FAILED[0])] : []
    fleet.report(host, { release: good.release, results, agoMs: (at % 7) * 40_000 })
  }
  for (const host of ['stage1', 'stage2', 'db1', 'cache1'])
    fleet.report(`${host}.example.com`, { release: good.release, agoMs: 90_000 })
  const motdDrift = result('motd/motd', 'file', 'corrected', {
    changes: [{ attribute: 'mode', from: '0666', to: '0644' }],
    diff: '--- /etc/motd\n+++ /etc/motd\n@@ -1,2 +1 @@\n Managed by Vigo. Questions: platform@example.com\n-bob was here\n',
  })
  fleet.report('web17.example.com', { release: good.release, results: [motdDrift] })
  for (const agoMs of [2_000, 1_000, 0])
    fleet.report('web23.example.com', { release: good.release, results: [motdDrift], agoMs })
  fleet.report('db1.example.com', {
    release: good.release,
    results: [
      result('nginx/package', 'package', 'failed', {
        message:
          "apt could not install 'nginx': the package lists are locked by unattended-upgr (pid 4127); it is tried again at the next run",
      }),
      result('nginx/config', 'file', 'blocked', { message: 'not tried: nginx/package failed' }),
      result('nginx/service', 'service', 'blocked', { message: 'not tried: nginx/package failed' }),
    ],
  })
  fleet.change('db2.example.com', {
    reachability: 'stale',
    isConnected: false,
    lastSeenAt: parts.clock.now() - 3 * HOUR,
  })
  fleet.add('web43.example.com')
  const now = parts.clock.now()
  rollout.set({
    canary: {
      phase: 'stopped',
      selector: '10%',
      release: bad.release,
      base: good.release,
      by: 'anna',
      since: now - 14.5 * MINUTE,
      hosts: canaries,
      converged: ['web31.example.com'],
      failed,
      at: Date.parse(back.time) + 40,
      reason: '3 of 4 canaries are worse than before: web02, web05, web09',
    },
  })
  fleet.curve = curveOf(now, fleet.counts())
  server.swarm.fill()
  server.projects.fill()
  server.bolts.set(server.bolts.three(back.release))
  addTasks(server.tasks, parts.clock, hosts)
  await parts.audit.append({
    actor: 'anna',
    via: 'socket',
    action: 'config.publish',
    target: `#${bad.number}`,
    outcome: 'done',
    details: { canary: '10%' },
  })
  await parts.audit.append({
    actor: 'wallboard',
    via: 'session',
    action: 'envoy.push',
    target: 'web02.example.com',
    outcome: 'refused',
    details: { role: 'viewer' },
  })
  await parts.audit.append({
    actor: 'rollback monitor',
    via: 'system',
    action: 'rollout.stop',
    target: `#${bad.number}`,
    outcome: 'done',
    details: { reason: '3 of 4 canaries are worse than before', to: `#${good.number}` },
  })
}

function curveOf(now: number, counts: FleetCounts): FleetSample[] {
  const { envoys } = counts
  return Array.from({ length: 24 * 60 }, (_, at) => {
    const ago = 24 * 60 - at
    const wave = Math.round(1.4 + Math.sin(at / 70) + Math.sin(at / 23) * 0.6)
    const young = ago > 19.8 * 60 && ago < 20 * 60 ? Math.round(((ago - 19.8 * 60) / 12) * 20) : 0
    const failed = ago < 12 && ago > 8 ? 3 : ago > 15.2 * 60 && ago < 15.9 * 60 ? 4 : 0
    const degraded = Math.max(0, wave) + young
    const none = ago > 6 * 60 ? 0 : 1
    const status = { converged: envoys - degraded - failed - none, degraded, failed, 'no-data': none }
    return { at: now - ago * MINUTE, counts: { ...counts, status } }
  })
}

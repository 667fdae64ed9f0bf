import { expect, test } from 'vitest'
import { metricsTable } from '#node/metrics'
import { declared } from './fixture.ts'

/** The page around the tables. `vitest run --project unit node/vigosrv/metrics -u` writes it anew. */
const PAGE = `# Metrics

Server and agent give metrics in the text format of Prometheus. No label names a peer, a host or an artifact: a fleet of ten thousand has no more series than one of ten.

## Where

The server answers \`GET /metrics\` on the addresses of \`api.listen\`, to whoever gives an API token of any role, or has a session on the dashboard. There is no way around the token, on loopback neither. Make one of the
role \`viewer\` for Prometheus, and keep it in a file that only Prometheus may read:

\`\`\`yaml
scrape_configs:
  - job_name: vigosrv
    scheme: https
    authorization: { credentials_file: /etc/prometheus/vigo-token }
    tls_config: { ca_file: /etc/prometheus/vigo-ca.pem }
    static_configs: [{ targets: ['bolt1.example.com:8443'] }]
  - job_name: vigo-agent
    static_configs: [{ targets: ['127.0.0.1:9530'] }]
\`\`\`

The agent answers where \`metrics_listen\` of \`agent.yaml\` says (\`127.0.0.1:9530\`); without that key nowhere. It is plain HTTP without a token, to whoever reaches the address: listen on loopback, or in a network that only
Prometheus reaches. Requests for another host name than the machine's own are refused.

## What to load

- [packaging/prometheus/alerts.yml](../packaging/prometheus/alerts.yml): alert rules, see below.
- [packaging/grafana/vigo.json](../packaging/grafana/vigo.json): a dashboard; it asks for the data source and the server when it is imported.

## Of the server

${metricsTable(declared.serverOnly)}
## Of the agent

${metricsTable(declared.agentOnly)}
## Of both

${metricsTable(declared.shared)}
## Alerts

| alert | means | do |
|---|---|---|
| \`VigoServerDown\` | the server gives no metrics | envoys go on with what they have; \`systemctl status vigosrv\`, its log |
| \`VigoConvergenceLow\` | fewer than 90 % converged for a quarter of an hour | overview of the dashboard: *Needs attention* |
| \`VigoEnvoysFailing\` | runs fail for half an hour | \`vigocli envoys list --status failed\` |
| \`VigoEnvoysStale\` | more than 5 % were not heard of in time | look for what those have in common: a network, a hypervisor |
| \`VigoEnvoysDiverged\` | something is put right again and again | find who else changes it: the runs show what |
| \`VigoRollback\` | a release was rolled back | overview of the dashboard: its story; mend the stacks before the next publish |
| \`VigoConfigProblem\` | the live release cannot be used | \`vigocli doctor\`; publish a mended one or roll back |
| \`VigoRolloutUndecided\` | a release is with its canaries for an hour | promote or stop it |
| \`VigoRolloutNotJudged\` | the monitor could not tell | look at the envoys that run it |
| \`VigoSpannerDiverged\` | servers published without seeing each other | \`vigocli spanner status\` says what to take, and how |
| \`VigoSpannerBehind\` | the newest release is not live on this server | its log; \`vigocli spanner status\`: publish a mended one |
| \`VigoBoltNotFollowing\` | a server does not have what is live on others | \`vigocli spanner status\`; a server that is gone for good: \`vigocli spanner bolt remove\` |
| \`VigoProjectDiverged\` | a git project has a branch with several heads | \`vigocli swarm gitback status\` |
| \`VigoCheckinsRefused\` | a fifth of the check-ins is refused | longer \`checkin.interval\`, a larger server |
| \`VigoEventLoopSlow\` | the server answers late | another core, longer intervals |
| \`VigoHttpErrors\` | the server fails at requests | its log |
| \`VigoDiskLow\` | a tenth of the disk is left | \`vigo swarm curator gc\`, a larger disk |
| \`VigoAgentNotConverged\` | runs of one machine do not end well | \`vigo status\` there |
| \`VigoAgentAlone\` | one machine finds no server | its network; \`vigo status\` there |
| \`VigoReportsDropped\` | reports of one machine were given up | it was alone for too long; what it did is known only there |
`

test('docs/metrics.md lists what is declared, with where to get it and what to do', async () => {
  await expect(PAGE).toMatchFileSnapshot('../../../docs/metrics.md')
})

test('no label names a peer, a host or an artifact', () => {
  const labels = [...declared.server, ...declared.agent].flatMap(each => Object.keys(each.labels))
  expect(labels.filter(label => /peer|host|envoy|artifact|blob|name|path/.test(label))).toEqual([])
})

test('names are those of Prometheus: counters end in _total, times in _seconds, sizes in _bytes', () => {
  for (const { name, type, help } of [...declared.server, ...declared.agent]) {
    expect(name).toMatch(/^(?:vigo|process)_[a-z_]+$/)
    if (type === 'counter') expect(name).toMatch(/_total$/)
    if (type === 'histogram') expect(name).toMatch(/_seconds$/)
    expect(help, name).toMatch(/^[A-Z0-9].+\.$/)
  }
})

import type { SeededRandom } from './random.ts'

/** Resources of a made-up crate, as the ones that operators write: packages, files with templates, services, users, commands. */
export function sampleResources(crate: string, count: number, random: SeededRandom): string {
  return Array.from({ length: count }, (_, at) => makers[at % makers.length]?.(crate, at, random, count) ?? '').join(
    '\n',
  )
}

type Maker = (crate: string, at: number, random: SeededRandom, count: number) => string

const makers: readonly Maker[] = [
  (crate, at) => `  - name: package-${at}
    type: package
    package: ${crate}-tools-${at}
    state: present
`,
  (crate, at, _random, count) => `  - name: config-${at}
    type: file
    target_path: /etc/${crate}/config-${at}.conf
    content: |
      # {{ .Vars.owner }}
      listen = {{ .Vars.address }}:{{ .Vars.${variableOf(crate, 'port')} }}
      workers = {{ .Vars.workers }}
      limit = {{ .Vars.${variableOf(crate, 'limit')} }}
      {{- if eq .Traits.os.family "debian" }}
      group = www-data
      {{- end }}
    owner: root
    group: root
    mode: "0644"
    depends_on: [package-${at - 1}]
${at + 1 < count ? `    notify: [service-${at + 1}]\n` : ''}`,
  (crate, at) => `  - name: service-${at}
    type: service
    service: ${crate}-${at}
    state: running
    enabled: true
    depends_on: [package-${at - 2}]
`,
  (crate, at) => `  - name: directory-${at}
    type: directory
    target_path: /var/lib/${crate}/${at}
    owner: "{{ .Vars.tier }}"
    group: root
    mode: "0750"
`,
  (crate, at, random) => `  - name: check-${at}
    type: exec
    command: /usr/bin/${crate}-check --level ${random.below(9)}
    unless: test -f /var/lib/${crate}/checked-${at}
    when: os_family('debian')
`,
]

/** Name of a variable of one crate: authors put the crate's name before it, as in `redis_port`. */
export function variableOf(crate: string, name: string): string {
  return `${crate.replaceAll('-', '_')}_${name}`
}

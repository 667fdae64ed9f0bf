import type { Upgrade } from '../provider.ts'

/** Newest versions by name, from `apt list --upgradable`: `name/suites version architecture [upgradable from: old]`. */
export function parseUpgradable(text: string): Map<string, string> {
  const found = text.matchAll(/^([^\s/]+)\/\S+ (\S+) (\S+) \[upgradable from: /gm)
  return new Map(
    [...found].flatMap(([, name = '', version = '', architecture = '']): [string, string][] => [
      [name, version],
      [`${name}:${architecture}`, version],
    ]),
  )
}

/** What `apt-get -s` would install: `Inst name [old] (new Origin [arch])`, without `[old]` for what is new. */
export function parseSimulation(text: string): Upgrade[] {
  return [...text.matchAll(/^Inst (\S+)(?: \[([^\]]*)\])? \((\S+)/gm)].map(([, name = '', from = '', to = '']) => ({
    name,
    from: from === '' ? 'absent' : from,
    to,
  }))
}

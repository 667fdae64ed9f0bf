import type { ConfigStore, Entry } from '../tree/index.ts'

/** The entry of a host: the first that matches. */
export function entryOf(store: ConfigStore, host: string): Entry | undefined {
  const name = host.toLowerCase()
  return store.entries.find(({ matches }) => matches(name))
}

/** All entries that match, the one that counts first. */
export function entriesMatching(store: ConfigStore, host: string): readonly Entry[] {
  const name = host.toLowerCase()
  return store.entries.filter(({ matches }) => matches(name))
}

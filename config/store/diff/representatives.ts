import { matchesHost } from '#node/kit'
import { entryOf } from '../resolve/index.ts'
import type { ConfigStore } from '../tree/index.ts'

/** A name that an entry of the tree matches first, or undefined when none is found: all its names are another entry's. */
export function exampleHost(store: ConfigStore, glob: string): string | undefined {
  const candidates = ['host', 'example', 'a', '0', 'x-1'].map(word => exampleName(glob, word))
  return candidates.find(name => matchesHost(glob, name) && entryOf(store, name)?.declaration.match.value === glob)
}

/** The first alternative of each bracket, a word for each star. */
function exampleName(glob: string, word: string): string {
  return glob
    .replaceAll(/\{([^{},]*)[^{}]*\}/g, '$1')
    .replaceAll(/\[!?\^?([^\]])[^\]]*\]/g, '$1')
    .replaceAll('?', word.charAt(0))
    .replaceAll(/\*+/g, word)
    .toLowerCase()
}

/** One name for each entry of the tree that can be reached. */
export function exampleHosts(store: ConfigStore): string[] {
  const names = store.entries.map(({ declaration }) => exampleHost(store, declaration.match.value))
  return [...new Set(names.filter(name => name !== undefined))]
}

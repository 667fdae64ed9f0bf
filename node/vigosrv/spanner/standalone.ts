import { rollback } from '#config/publish'
import type { Releases } from '#config/store'
import type { Publishing } from './types.ts'

/** A server that shares its configuration with nobody: what goes live, goes live in its own folder. Tell its policy to reload afterwards. */
export function standalonePublishing(releases: Releases): Publishing {
  return {
    mode: 'standalone',
    rollback: async options => await rollback({ ...options, releases }),
  }
}

/** Started from the TypeScript of a checkout, or from what `npm run build` wrote. */
export type Program = 'source' | 'build'

export const NO_BUILD = 'there is no build; npm run build makes one'

/** Folders with the programs that people start. */
export const PROGRAMS: Readonly<Record<Program, URL>> = {
  source: new URL('../../cli/bin/', import.meta.url),
  build: new URL('../../dist/cli/bin/', import.meta.url),
}

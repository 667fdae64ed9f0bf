import { renderDiagnostic, type SourceFile } from '#config/lang'
import { type Bundle, compile, type Traits } from './compile/index.ts'
import { type ConfigStore, loadConfig } from './tree/index.ts'

/** Files of a tree by their paths. */
export type Files = Readonly<Record<string, string>>

export function filesOf(files: Files): SourceFile[] {
  return Object.entries(files).map(([path, text]) => ({ path, text }))
}

/** A tree that must load without errors. */
export function storeOf(files: Files): ConfigStore {
  const store = loadConfig(filesOf(files), { release: 'test' })
  const errors = store.diagnostics.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Error(errors.map(renderDiagnostic).join('\n'))
  return store
}

export const DEBIAN = {
  os: { family: 'debian', distro: 'ubuntu', arch: 'amd64', version: '24.04' },
  network: { hostname: 'host' },
  hardware: { memory_mb: 4096 },
  host_is_libvirt: true,
  is_container: false,
} satisfies Traits

/** The bundle of a host that must have one. */
export function bundleOf(store: ConfigStore, host: string, traits: Traits = DEBIAN): Bundle {
  const result = compile(store, host, traits)
  if (result.outcome === 'compiled') return result.bundle
  if (result.outcome === 'unmatched') throw new Error(`no entry matches ${host}`)
  throw new Error(result.diagnostics.map(renderDiagnostic).join('\n'))
}

/** Everything that loading says about a tree. */
export function loadComplaints(files: Files): string {
  return `\n${loadConfig(filesOf(files)).diagnostics.map(renderDiagnostic).join('\n')}\n`
}

/** Everything that compiling says about a host. */
export function compileComplaints(files: Files, host: string, traits: Traits = DEBIAN): string {
  const result = compile(loadConfig(filesOf(files)), host, traits)
  return `\n${result.outcome === 'failed' ? result.diagnostics.map(renderDiagnostic).join('\n') : result.outcome}\n`
}

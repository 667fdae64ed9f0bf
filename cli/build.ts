import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Writes `dist/`: the same tree as JavaScript, a package of its own whose `#` imports stay inside it. */

const top = fileURLToPath(new URL('..', import.meta.url))
rmSync(`${top}dist`, { recursive: true, force: true })
const compiler = spawnSync(process.execPath, [`${top}node_modules/typescript/bin/tsc`, '-p', 'tsconfig.build.json'], {
  cwd: top,
  stdio: 'inherit',
})
if (compiler.status !== 0) process.exit(compiler.status ?? 1)
cpSync(`${top}cli/bin`, `${top}dist/cli/bin`, { recursive: true })
cpSync(`${top}node/vigosrv/dashboard/assets`, `${top}dist/node/vigosrv/dashboard/assets`, { recursive: true })
cpSync(`${top}stacks-examples`, `${top}dist/stacks-examples`, { recursive: true })

const {
  scripts: _scripts,
  devDependencies: _dev,
  private: _private,
  ...manifest
} = JSON.parse(readFileSync(`${top}package.json`, 'utf8'))
manifest.imports = Object.fromEntries(
  Object.entries<string>(manifest.imports).map(([name, path]) => [name, path.replace(/\.ts$/, '.js')]),
)
writeFileSync(`${top}dist/package.json`, `${JSON.stringify(manifest, null, 2)}\n`)

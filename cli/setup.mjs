// Makes a fresh clone runnable with any Node >= 20: installs the locked dependencies unless they are there already.
// Plain JavaScript, because the pinned Node 24 that strips types arrives only with this step.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const top = join(dirname(fileURLToPath(import.meta.url)), '..')
const lock = createHash('sha256')
  .update(readFileSync(join(top, 'package-lock.json')))
  .digest('hex')
const stamp = join(top, 'node_modules/.vigo-setup')
const node = join(top, 'node_modules/.bin/node')
const current = existsSync(stamp) && existsSync(node) && readFileSync(stamp, 'utf8') === lock

if (!current) {
  process.stderr.write('Installing the locked dependencies (once)…\n')
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const npm = spawnSync('npm', args, { cwd: top, stdio: ['ignore', 'inherit', 'inherit'] })
  if (npm.status !== 0) {
    process.stderr.write(`npm ${args.join(' ')} failed; see its output above\n`)
    process.exit(1)
  }
  if (!existsSync(node)) {
    process.stderr.write(
      `There is no pinned Node 24 for ${process.platform} ${process.arch}; Linux on x64 or arm64 is needed\n`,
    )
    process.exit(1)
  }
  writeFileSync(stamp, lock)
}

import { createHash } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileLock } from '#node/kit'
import { command, mustRun } from './command.ts'

/** What systemd needs to boot in a container. */
const BASE = ['systemd', 'systemd-sysv', 'dbus', 'procps']
/** Another program may be building the same root: a mirror's worst day. */
const BUILD_MS = 280_000

/** Where what several test files share is kept: below the system's temporary folder, by the user. */
export const sharedFolder = join(tmpdir(), `vigo-machines-${process.getuid?.() ?? 0}`)

/**
 * A root file system of this machine's own distribution with systemd and `packages`, from the mirror that the machine itself uses. Built
 * once for each list of packages and kept for later runs; nobody may write to it (machines lay an overlay over it).
 */
export async function rootFolder(packages: readonly string[]): Promise<string> {
  await mkdir(sharedFolder, { recursive: true, mode: 0o700 })
  const base = await built([], async folder => {
    const { suite, mirror } = await distribution()
    const args = ['--variant=minbase', `--include=${BASE.join(',')}`, suite, folder, mirror]
    await mustRun('debootstrap', args, { timeoutMs: BUILD_MS })
    await rm(join(folder, 'var/cache/apt/archives'), { recursive: true, force: true })
  })
  if (packages.length === 0) return base
  return built(packages, async folder => {
    await mustRun('cp', ['-a', '--reflink=auto', base, folder])
    await install(folder, packages)
  })
}

async function built(packages: readonly string[], build: (folder: string) => Promise<void>): Promise<string> {
  const { suite } = await distribution()
  const key = createHash('sha256')
    .update(JSON.stringify([process.arch, suite, BASE, [...packages].sort()]))
    .digest('hex')
  const folder = join(sharedFolder, `root-${key.slice(0, 16)}`)
  using _ = await FileLock.acquire(`${folder}.lock`, { waitMs: BUILD_MS })
  if (await exists(folder)) return folder
  const unfinished = `${folder}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  await build(unfinished)
  await rename(unfinished, folder)
  return folder
}

/**
 * With the sources of this machine and what its apt was told about fetching; the root keeps neither, since what tests install comes from
 * repositories of their own.
 */
async function install(folder: string, packages: readonly string[]): Promise<void> {
  const build = join(folder, 'vigo-build')
  await mkdir(join(build, 'sources.list.d'), { recursive: true })
  await writeFile(
    join(build, 'apt.conf'),
    (await mustRun('apt-config', ['dump'])).replaceAll(/^(?!Acquire::).*\n/gm, ''),
  )
  await cp('/etc/apt/sources.list', join(build, 'sources.list')).catch(() => writeFile(join(build, 'sources.list'), ''))
  for (const name of await readdir('/etc/apt/sources.list.d')) {
    const text = await readFile(join('/etc/apt/sources.list.d', name), 'utf8')
    // Only the distribution's own: the keys of others are not in the root.
    if (/(?:debian|ubuntu)-archive/.test(text)) await writeFile(join(build, 'sources.list.d', name), text)
  }
  await cp('/etc/resolv.conf', join(folder, 'etc/resolv.conf'), { dereference: true })
  await writeFile(join(folder, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  const lists = ['sourcelist=/vigo-build/sources.list', 'sourceparts=/vigo-build/sources.list.d'].map(
    each => `Dir::Etc::${each}`,
  )
  const apt = (...args: string[]) =>
    mustRun(
      'chroot',
      [folder, 'apt-get', '-qq', '-c', '/vigo-build/apt.conf', ...lists.flatMap(list => ['-o', list]), ...args],
      {
        timeoutMs: BUILD_MS,
        environment: { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' },
      },
    )
  await apt('update')
  await apt('install', '-y', '--no-install-recommends', ...packages)
  await apt('clean')
  for (const rest of ['vigo-build', 'usr/sbin/policy-rc.d', 'var/lib/apt/lists', 'etc/apt/sources.list']) {
    await rm(join(folder, rest), { recursive: true, force: true })
  }
}

async function distribution(): Promise<{ suite: string; mirror: string }> {
  const release = await readFile('/etc/os-release', 'utf8')
  const suite = /^VERSION_CODENAME=(\S+)$/m.exec(release)?.[1]
  if (suite === undefined) throw new Error('/etc/os-release names no VERSION_CODENAME')
  // The mirror that this machine itself installs from, as apt understands its own configuration.
  const targets = await command('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI) $(CODENAME)',
    'Created-By: Packages',
  ])
  const mirror = targets.stdout
    .split('\n')
    .find(line => line.endsWith(` ${suite}`))
    ?.split(' ')[0]
  if (mirror === undefined) throw new Error(`apt has no source of '${suite}' here; run 'apt-get update'`)
  return { suite, mirror }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

import { randomBytes } from 'node:crypto'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandOptions, Ran } from './command.ts'
import { mustPodman, podman } from './podman.ts'
import { rootFolder } from './root-folder.ts'

export interface MachineOptions {
  /** Debian packages that it has beyond systemd, dbus and procps. Machines with the same ones share one root. */
  readonly packages?: readonly string[]
  /** `systemd` boots it; `none` only waits, as a machine with SysV scripts or none at all. Default: systemd. */
  readonly init?: 'systemd' | 'none'
  /** As `podman run --network` takes it: `none`, `host`, `ns:/run/netns/x`. Default: none. */
  readonly network?: string
  /** Folders of the host, by where they are inside; what the machine writes to them stays its own. */
  readonly folders?: Readonly<Record<string, string>>
}

const BOOT_MS = 60_000
const NAME = /^vigo-machine-(\d+)-/

/**
 * A whole Linux machine for tests: a container whose first process is the real systemd. What it changes is gone when it stops; the root
 * below is shared and never written to. It may mount file systems and filter packets, within its own namespaces.
 */
export class SystemdMachine implements AsyncDisposable {
  readonly name: string

  private constructor(name: string) {
    this.name = name
  }

  /** Why there can be none here, as a sentence, or null. */
  static whyNot(): string | null {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root on Linux can start one'
    const missing = ['podman', 'runc', 'debootstrap', 'apt-get'].filter(program => !isInPath(program))
    return missing.length === 0 ? null : `${missing.join(', ')} is not installed here`
  }

  /** Builds its root when it is the first with these packages (a minute or two, from the mirror of this machine). */
  static async start(options: MachineOptions = {}): Promise<SystemdMachine> {
    const root = await rootFolder(options.packages ?? [])
    await removeLeftovers()
    const init = options.init ?? 'systemd'
    const name = `vigo-machine-${process.pid}-${randomBytes(4).toString('hex')}`
    const folders = Object.entries(options.folders ?? {}).map(([inside, outside]) => `--volume=${outside}:${inside}:O`)
    const identity = [`--name=${name}`, `--hostname=${name}`, `--network=${options.network ?? 'none'}`]
    const rights = ['--cap-add=SYS_ADMIN,NET_ADMIN', `--systemd=${init === 'systemd' ? 'always' : 'false'}`]
    // The first process has to wait for those that nobody else waits for; a shell does.
    const first = init === 'systemd' ? ['/lib/systemd/systemd'] : ['/bin/bash', '-c', 'while :; do sleep 1; done']
    await mustPodman(['run', '--detach', ...identity, ...rights, ...folders, '--rootfs', `${root}:O`, ...first])
    const machine = new SystemdMachine(name)
    try {
      if (init === 'systemd') await machine.#booted()
    } catch (error) {
      await machine.stop()
      throw error
    }
    return machine
  }

  /** Runs a program in it as root, to its end. */
  exec(program: string, args: readonly string[] = [], options: CommandOptions = {}): Promise<Ran> {
    return podman(['exec', ...this.#execOptions(options), this.name, program, ...args], options)
  }

  /** As `exec`; answers what was printed, and a failure is an error. */
  mustExec(program: string, args: readonly string[] = [], options: CommandOptions = {}): Promise<string> {
    return mustPodman(['exec', ...this.#execOptions(options), this.name, program, ...args], options)
  }

  /** A shell's line in it. */
  sh(script: string, options: CommandOptions = {}): Promise<string> {
    return this.mustExec('/bin/sh', ['-ec', script], options)
  }

  async write(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
    const script = 'mkdir -p "$(dirname "$1")" && cat > "$1" && chmod "$2" "$1"'
    await this.mustExec('/bin/sh', ['-c', script, 'sh', path, mode.toString(8)], { stdin: content })
  }

  read(path: string): Promise<string> {
    return this.mustExec('cat', [path])
  }

  /** A file or folder of the host, as `podman cp` takes both paths. */
  async copy(outside: string, inside: string): Promise<void> {
    await mustPodman(['cp', outside, `${this.name}:${inside}`])
  }

  /** May be called twice. */
  async stop(): Promise<void> {
    await mustPodman(['rm', '--force', '--ignore', '--time=0', this.name])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #execOptions(options: CommandOptions): string[] {
    return options.stdin === undefined ? [] : ['--interactive']
  }

  async #booted(): Promise<void> {
    const until = performance.now() + BOOT_MS
    for (;;) {
      const state = await this.exec('systemctl', ['is-system-running', '--wait'])
      if (/^(?:running|degraded)$/m.test(state.stdout)) return
      if (performance.now() > until) {
        const log = await podman(['logs', this.name])
        throw new Error(`${this.name} did not boot: ${state.stdout}${state.stderr}${log.stdout.slice(-2000)}`)
      }
      await sleep(50)
    }
  }
}

/** Machines whose test process is gone. */
async function removeLeftovers(): Promise<void> {
  const names = (await mustPodman(['ps', '--all', '--format={{.Names}}'])).split('\n')
  const orphans = names.filter(name => {
    const pid = NAME.exec(name)?.[1]
    return pid !== undefined && !isAlive(Number(pid))
  })
  if (orphans.length > 0) await mustPodman(['rm', '--force', '--ignore', '--time=0', ...orphans])
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function isInPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some(folder => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

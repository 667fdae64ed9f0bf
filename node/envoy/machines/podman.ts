import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CommandOptions, command, type Ran } from './command.ts'
import { sharedFolder } from './root-folder.ts'

/** Hard limits cannot be raised on every build machine, and containers inherit them. */
const CONFIGURATION = `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
`

/** podman with a storage of its own, apart from that of the machine's user. */
export async function podman(args: readonly string[], options: CommandOptions = {}): Promise<Ran> {
  const folder = join(sharedFolder, 'podman')
  const configuration = join(folder, 'containers.conf')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(configuration, CONFIGURATION)
  const storage = [
    '--root',
    join(folder, 'root'),
    '--runroot',
    join(folder, 'run'),
    '--storage-driver=vfs',
    '--runtime=runc',
  ]
  return command('podman', [...storage, ...args], {
    ...options,
    environment: { ...options.environment, CONTAINERS_CONF: configuration },
  })
}

/** As `podman`; a failure is an error that says what it printed. */
export async function mustPodman(args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const ran = await podman(args, options)
  if (ran.exitCode !== 0)
    throw new Error(`podman ${args[0]} ended with ${ran.exitCode}: ${ran.stderr.trim().slice(-2000)}`)
  return ran.stdout.trim()
}

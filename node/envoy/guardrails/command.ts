import { isOwnPackage, isOwnProgram, isOwnService } from './own.ts'
import { plainPath, relationOf } from './path.ts'
import { commandsOf, type ShellCommand } from './shell.ts'

const MAX_DEPTH = 5
const FORK_BOMB = /([^\s(){};|&]+)\s*\(\s*\)\s*\{\s*\1\s*\|\s*\1\s*&\s*\}\s*;?\s*\1/
const BLOCK_DEVICE = /^\/dev\/(?:sd|hd|vd|xvd|nvme|mmcblk|md|dm-|mapper\/|disk\/|loop)/
const WIPERS =
  /^(?:mkfs(?:\..+)?|mke2fs|mkswap|wipefs|blkdiscard|fdisk|sfdisk|sgdisk|gdisk|parted|cfdisk|cryptsetup|badblocks)$/

export interface CommandOptions {
  /** Of a sandboxed agent. */
  readonly root?: string
  readonly cwd?: string
}

/**
 * Why a command must not be run by this agent, or null. It keeps people from ending what would have to repair the machine, by accident:
 * it reads what is written there, not what a script does in the end.
 */
export function refusalOfCommand(text: string, options: CommandOptions = {}): string | null {
  return refusal(text, { root: options.root ?? '/', cwd: options.cwd ?? '/' }, 0)
}

interface Place {
  readonly root: string
  readonly cwd: string
}

function refusal(text: string, start: Place, depth: number): string | null {
  if (FORK_BOMB.test(text)) return 'it would start processes without end'
  if (depth > MAX_DEPTH) return null
  let place = start
  for (const command of commandsOf(text)) {
    const words = unwrapped(command.words)
    const [program = '', ...args] = words
    const found = refusalOfOne(nameOf(program), args, command, place, depth)
    if (found !== null) return found
    if (program === 'cd' && args[0] !== undefined && !args[0].includes('$')) {
      place = { ...place, cwd: plainPath(args[0], place.cwd) }
    }
  }
  return null
}

function refusalOfOne(
  program: string,
  args: readonly string[],
  { writes, document }: ShellCommand,
  place: Place,
  depth: number,
): string | null {
  const inner = innerScript(program, args, document)
  if (inner !== null) return refusal(inner, place, depth + 1)
  for (const target of writes) {
    if (relationOf(target, place) === 'inside') return ours(target)
    if (BLOCK_DEVICE.test(plainPath(target, place.cwd))) return wipes(target)
  }
  return (
    refusalOfWiping(program, args, place) ??
    refusalOfTouching(program, args, place) ??
    refusalOfServices(program, args) ??
    refusalOfPackages(program, args) ??
    refusalOfKilling(program, args)
  )
}

/** What `sh -c`, `eval` and the like run. */
function innerScript(program: string, args: readonly string[], document: string): string | null {
  if (program === 'eval') return args.join(' ')
  if (!/^(?:sh|bash|dash|ash|zsh|ksh|su|runuser)$/.test(program)) return null
  const at = args.findIndex(arg => /^-[a-z]*c$/.test(arg) || arg === '--command')
  if (at >= 0) return args[at + 1] ?? ''
  return document === '' ? null : document
}

function refusalOfWiping(program: string, args: readonly string[], { cwd }: Place): string | null {
  const isDevice = (path: string): boolean => BLOCK_DEVICE.test(plainPath(path, cwd))
  if (WIPERS.test(program)) {
    const target = args.find(isDevice)
    const isReading = args.some(arg => arg === '-l' || arg === '--list' || arg === 'print' || arg === '--no-act')
    return target === undefined || isReading ? null : wipes(target)
  }
  const output = program === 'dd' ? args.find(arg => arg.startsWith('of='))?.slice(3) : undefined
  if (output !== undefined && isDevice(output)) return wipes(output)
  const device =
    program === 'shred' || program === 'tee' || program === 'cp'
      ? args.slice(program === 'cp' ? 1 : 0).find(isDevice)
      : undefined
  return device === undefined ? null : wipes(device)
}

function refusalOfTouching(program: string, args: readonly string[], place: Place): string | null {
  const touched = touchedBy(program, args)
  for (const { path, isWhole } of touched) {
    const relation = relationOf(path, place)
    if (relation === 'inside') return ours(path)
    if (relation === 'above' && isWhole) return `it would also hit what belongs to vigo below ${path}`
  }
  return null
}

/** `isWhole`: with everything below it. */
interface Touched {
  readonly path: string
  readonly isWhole: boolean
}

function touchedBy(program: string, args: readonly string[]): Touched[] {
  const isRecursive = args.some(arg => /^-[A-Za-z]*[rR]/.test(arg) || arg === '--recursive')
  const paths = args.filter(arg => !arg.startsWith('-'))
  const all = (list: readonly string[], isWhole: boolean): Touched[] => list.map(path => ({ path, isWhole }))
  switch (program) {
    case 'rm':
      return all(paths, isRecursive)
    case 'mv':
      return [...all(paths.slice(0, -1), true), ...all(paths.slice(-1), false)]
    case 'chmod':
    case 'chown':
    case 'chgrp':
    case 'chattr':
    case 'setfacl':
      return all(paths.slice(program === 'setfacl' ? 0 : 1), isRecursive)
    case 'rmdir':
    case 'unlink':
    case 'shred':
    case 'truncate':
    case 'tee':
    case 'touch':
    case 'mkdir':
    case 'umount':
      return all(paths, false)
    case 'cp':
    case 'ln':
    case 'install':
    case 'mount':
    case 'scp':
      return all([...paths.slice(-1), ...afterOption(args, '-t', '--target-directory')], false)
    case 'rsync':
      return all(
        paths.slice(-1),
        args.some(arg => arg.startsWith('--del')),
      )
    case 'dd':
      return all(
        args.filter(arg => arg.startsWith('of=')).map(arg => arg.slice(3)),
        false,
      )
    case 'sed':
    case 'perl':
      return args.some(arg => /^-[a-z]*i/.test(arg) || arg.startsWith('--in-place')) ? all(paths, false) : []
    case 'tar':
      return all(afterOption(args, '-C', '--directory'), false)
    case 'find':
      return foundBy(args)
    default:
      return []
  }
}

function foundBy(args: readonly string[]): Touched[] {
  const isDeleting = args.some(
    (arg, at) => arg === '-delete' || (arg === '-exec' && /(?:^|\/)(?:rm|shred|mv)$/.test(args[at + 1] ?? '')),
  )
  if (!isDeleting) return []
  const firstTest = args.findIndex(arg => /^[-(!]/.test(arg))
  const isFiltered = args.some(arg =>
    /^-(?:i?name|i?path|i?regex|newer|mtime|mmin|atime|ctime|size|user|group|empty)/.test(arg),
  )
  return args.slice(0, Math.max(0, firstTest)).map(path => ({ path, isWhole: !isFiltered }))
}

function afterOption(args: readonly string[], short: string, long: string): string[] {
  return args.flatMap((arg, at) => {
    if (arg === short || arg === long) return args[at + 1] ?? []
    return arg.startsWith(`${long}=`) ? arg.slice(long.length + 1) : []
  })
}

function refusalOfServices(program: string, args: readonly string[]): string | null {
  const words = args.filter(arg => !arg.startsWith('-'))
  const [first = '', second = ''] = words
  const isEnding = (verb: string): boolean =>
    /^(?:stop|disable|mask|kill|revert|remove|del|delete|off|down)$/.test(verb)
  const service =
    program === 'systemctl' && isEnding(first)
      ? words.slice(1).find(isOwnService)
      : /^(?:service|rc-service|invoke-rc\.d|update-rc\.d|chkconfig|initctl|sv)$/.test(program) && isEnding(second)
        ? [first].find(isOwnService)
        : program === 'rc-update' && isEnding(first)
          ? [second].find(isOwnService)
          : undefined
  const script = /^\/etc\/(?:init|rc)\.d\/(.+)$/.exec(program)?.[1]
  const stopped = service ?? (script !== undefined && isOwnService(script) && isEnding(first) ? script : undefined)
  return stopped === undefined ? null : `it would end or disable ${stopped}, which keeps this machine in its state`
}

function refusalOfPackages(program: string, args: readonly string[]): string | null {
  const words = args.filter(arg => !arg.startsWith('-'))
  const isRemoving =
    (/^(?:apt|apt-get|aptitude|dnf|yum|microdnf|zypper|apk|brew|pkg|snap)$/.test(program) &&
      /^(?:remove|purge|autoremove|erase|rm|del|delete|uninstall)$/.test(words[0] ?? '')) ||
    (program === 'dpkg' && args.some(arg => /^-[a-zA-Z]*[rP]$|^--(?:remove|purge)$/.test(arg))) ||
    (program === 'rpm' && args.some(arg => /^-[a-z]*e|^--erase$/.test(arg))) ||
    (program === 'pacman' && args.some(arg => /^-R|^--remove$/.test(arg)))
  const own = isRemoving ? words.find(isOwnPackage) : undefined
  return own === undefined ? null : `it would remove the package ${own}, which keeps this machine in its state`
}

function refusalOfKilling(program: string, args: readonly string[]): string | null {
  if (program === 'pkill' || program === 'killall') {
    const own = args.find(arg => !arg.startsWith('-') && isOwnProgram(arg))
    return own === undefined ? null : `it would end ${own}, which keeps this machine in its state`
  }
  if (program === 'kill' && args.at(-1) === '-1') return 'it would end every process of the machine'
  return null
}

interface Wrapper {
  /** Options with a value. */
  readonly takes: readonly string[]
  /** Words before the program that it starts. */
  readonly words: number
}

/** Whoever starts another program is looked through. */
const WRAPPERS: ReadonlyMap<string, Wrapper> = new Map([
  ['sudo', { takes: ['-u', '-g', '-h', '-p', '-C', '-r', '-t', '-T', '-D'], words: 0 }],
  ['doas', { takes: ['-u', '-C'], words: 0 }],
  ['env', { takes: ['-u', '-C', '-S'], words: 0 }],
  ['nice', { takes: ['-n'], words: 0 }],
  ['ionice', { takes: ['-c', '-n', '-p'], words: 0 }],
  ['timeout', { takes: ['-k', '-s'], words: 1 }],
  ['xargs', { takes: ['-I', '-n', '-P', '-L', '-d', '-a', '-s'], words: 0 }],
  ['stdbuf', { takes: ['-i', '-o', '-e'], words: 0 }],
  ['flock', { takes: ['-w', '-E'], words: 1 }],
  ['exec', { takes: ['-a'], words: 0 }],
  ...['nohup', 'setsid', 'time', 'command', 'builtin', 'busybox'].map(plain),
  ...['if', 'then', 'else', 'elif', 'while', 'until', 'do', '!'].map(plain),
])

function plain(name: string): [string, Wrapper] {
  return [name, { takes: [], words: 0 }]
}

function unwrapped(words: readonly string[]): readonly string[] {
  let rest = words
  for (;;) {
    while (/^[A-Za-z_][A-Za-z0-9_]*=/.test(rest[0] ?? '')) rest = rest.slice(1)
    const wrapper = WRAPPERS.get(nameOf(rest[0] ?? ''))
    if (wrapper === undefined) return rest
    rest = rest.slice(1)
    while (rest[0]?.startsWith('-') === true) rest = rest.slice(wrapper.takes.includes(rest[0]) ? 2 : 1)
    if (wrapper.words > 0) rest = rest.slice(wrapper.words)
  }
}

function nameOf(program: string): string {
  if (/^\/etc\/(?:init|rc)\.d\//.test(program)) return program
  return program.slice(program.lastIndexOf('/') + 1)
}

function ours(path: string): string {
  return `${path} belongs to vigo itself and is not for configuration or tasks to touch`
}

function wipes(device: string): string {
  return `it would overwrite ${device}, a whole disk`
}

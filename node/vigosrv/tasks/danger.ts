/*
 * Commands that destroy or switch off a machine are refused until somebody insists. This is a guard against slips of the keyboard and
 * of templates, not against people: whoever may run commands can hide one from it. The envoy's own guardrails stand behind it.
 */

const WRAPPERS = new Set([
  'sudo',
  'doas',
  'env',
  'nohup',
  'time',
  'nice',
  'ionice',
  'exec',
  'command',
  'builtin',
  'setsid',
  'stdbuf',
  'then',
  'do',
  'else',
  '!',
  'sh',
  'bash',
  'dash',
  'zsh',
  'busybox',
  'xargs',
  'timeout',
  'chroot',
  'eval',
])

/** Nobody slips on the keyboard behind so many; reading on would only take time. */
const MAX_ARGUMENTS = 100
const MAX_WORDS = 500

/** Folders without which a machine does not come back. */
const VITAL =
  /^\/(?:\*|\.\*?|(?:bin|boot|dev|etc|home|lib|lib32|lib64|opt|proc|root|run|sbin|srv|sys|usr|var|var\/lib|usr\/(?:bin|lib|sbin))?(?:\/\*?)?)$/
const DISK = /^\/dev\/(?:sd|hd|vd|xvd|nvme|mmcblk|md|dm-|mapper\/|disk\/|loop)/
const SWITCH_OFF = new Set(['shutdown', 'reboot', 'halt', 'poweroff', 'kexec'])
const FORMATS = new Set([
  'wipefs',
  'fdisk',
  'sfdisk',
  'cfdisk',
  'sgdisk',
  'gdisk',
  'parted',
  'blkdiscard',
  'mkswap',
  'shred',
  'vgremove',
  'lvremove',
  'pvremove',
  'zpool',
  'cryptsetup',
])

type Rule = (words: readonly string[]) => string | undefined

const rules: Readonly<Record<string, Rule>> = {
  rm: words => (vital(words) !== undefined && isRecursive(words) ? `it removes ${vital(words)}` : undefined),
  mv: words => (vital(words.slice(0, -1)) !== undefined ? `it moves ${vital(words)} away` : undefined),
  find: words =>
    vital(words) !== undefined && words.includes('-delete') ? `it removes what is below ${vital(words)}` : undefined,
  chmod: words =>
    vital(words) !== undefined && isRecursive(words) ? `it changes the modes below ${vital(words)}` : undefined,
  chown: words =>
    vital(words) !== undefined && isRecursive(words) ? `it changes the owners below ${vital(words)}` : undefined,
  dd: words => overwritten(words.find(word => word.startsWith('of='))?.slice(3)),
  cp: words => overwritten(words.at(-1)),
  tee: words => overwritten(words.find(word => DISK.test(word))),
  init: words => (words.includes('0') || words.includes('6') ? 'it switches the machine off' : undefined),
  telinit: words => (words.includes('0') || words.includes('6') ? 'it switches the machine off' : undefined),
  kill: words => (words.includes('-1') && words.length > 1 ? 'it ends every process' : undefined),
  systemctl: systemctl,
  userdel: words => (words.includes('root') ? 'it removes the user root' : undefined),
  iptables: words =>
    words.includes('-P') && words.includes('DROP') ? 'it cuts the machine off from the network' : undefined,
}

/** Why the command is dangerous, as half a sentence; null when nothing was found. */
export function dangerOf(command: string): string | null {
  if (/:\s*\(\s*\)\s*\{[^}]{0,100}:\s{0,9}\|\s{0,9}:/.test(command)) return 'it is a fork bomb'
  const plain = command.replaceAll(/\\\n/g, ' ').replaceAll(/["'\\]/g, '')
  for (const redirected of plain.matchAll(/>>?\|?\s*([^\s;&|<>]+)/g)) {
    const found = overwritten(redirected[1])
    if (found !== undefined) return found
  }
  for (const part of plain.split(/[;&|\n`(){}]+|\$\(/)) {
    const found = dangerOfWords(part.split(/[\s<>]+/).filter(word => word !== ''))
    if (found !== undefined) return found
  }
  return null
}

/** A command and its arguments, perhaps behind others that only start it: `sudo -n env A=b sh -c rm …`. */
function dangerOfWords(words: readonly string[]): string | undefined {
  let isWrapped = false
  for (const [at, word] of words.slice(0, MAX_WORDS).entries()) {
    const name = word.slice(word.lastIndexOf('/') + 1)
    const found = dangerOfCommand(name, words.slice(at + 1, at + 1 + MAX_ARGUMENTS))
    if (found !== undefined) return found
    isWrapped ||= WRAPPERS.has(name)
    if (!isWrapped && !/^[A-Za-z_][A-Za-z0-9_]*=/.test(word)) return undefined
  }
  return undefined
}

function dangerOfCommand(name: string, words: readonly string[]): string | undefined {
  if (name.startsWith('mkfs')) return 'it makes a new file system'
  if (SWITCH_OFF.has(name) && !words.includes('--help')) return 'it switches the machine off or restarts it'
  if (FORMATS.has(name) && changesDisk(name, words)) return `it changes a disk (${name})`
  return Object.hasOwn(rules, name) ? rules[name]?.(words) : undefined
}

function systemctl(words: readonly string[]): string | undefined {
  const [verb, ...units] = words.filter(word => !word.startsWith('-'))
  if (verb === undefined) return undefined
  if (['poweroff', 'reboot', 'halt', 'kexec', 'rescue', 'emergency', 'isolate'].includes(verb))
    return 'it switches the machine off or restarts it'
  const isEnding = ['stop', 'disable', 'mask', 'kill'].includes(verb)
  const unit = units.find(name => /^(?:vigo|vigosrv|ssh|sshd|systemd-networkd|NetworkManager)(?:[.@-]|$)/.test(name))
  return isEnding && unit !== undefined ? `it takes away the way to the machine (${unit})` : undefined
}

function changesDisk(name: string, words: readonly string[]): boolean {
  if (name === 'zpool') return words.includes('destroy')
  if (name === 'cryptsetup') return words.some(word => ['luksFormat', 'erase', 'luksErase'].includes(word))
  if (name === 'shred') return words.some(word => DISK.test(word))
  return !words.some(word => ['-l', '--list', '--help', '--version', '-V', '--dump', '-d', 'print'].includes(word))
}

function overwritten(path: string | undefined): string | undefined {
  return path !== undefined && DISK.test(path) ? `it writes over the disk ${path}` : undefined
}

function vital(words: readonly string[]): string | undefined {
  return words.find(
    word => VITAL.test(word.replaceAll(/\/{2,}/g, '/')) || word === '~' || /^\$\{?HOME\}?\/?\*?$/.test(word),
  )
}

function isRecursive(words: readonly string[]): boolean {
  return words.some(word => word === '--recursive' || /^-[A-Za-z]*[rR]/.test(word))
}

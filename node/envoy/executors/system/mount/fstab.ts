/** A line of fstab(5), decoded. */
export interface FstabEntry {
  readonly device: string
  readonly path: string
  readonly fstype: string
  readonly options: string
  readonly dump: number
  readonly pass: number
}

/** The entry of a mount point; the first one counts, as it does for mount(8). */
export function fstabEntry(text: string, path: string): FstabEntry | null {
  return (
    text
      .split('\n')
      .map(entryOf)
      .find(entry => entry?.path === path) ?? null
  )
}

/** The text with the mount point's one entry, or without any where `entry` is null. All other lines stay byte for byte. */
export function editFstab(text: string, path: string, entry: FstabEntry | null): string {
  const lines = text.split('\n')
  let isPlaced = entry === null
  const edited = lines.flatMap(line => {
    const found = entryOf(line)
    if (found?.path !== path) return [line]
    if (isPlaced || entry === null) return []
    isPlaced = true
    return isSameEntry(found, entry) ? [line] : [lineOf(entry)]
  })
  if (isPlaced || entry === null) return edited.join('\n')
  const rest = edited.join('\n')
  return `${rest}${rest === '' || rest.endsWith('\n') ? '' : '\n'}${lineOf(entry)}\n`
}

export function isSameEntry(a: FstabEntry, b: FstabEntry): boolean {
  return lineOf(a) === lineOf(b)
}

function entryOf(line: string): FstabEntry | null {
  if (/^\s*(?:#|$)/.test(line)) return null
  const [device = '', path = '', fstype = '', options = 'defaults', dump = '0', pass = '0'] = line
    .trim()
    .split(/[ \t]+/)
  if (fstype === '') return null
  return {
    device: decoded(device),
    path: decoded(path).replace(/(.)\/+$/, '$1'),
    fstype,
    options: decoded(options),
    dump: Number(dump),
    pass: Number(pass),
  }
}

function lineOf({ device, path, fstype, options, dump, pass }: FstabEntry): string {
  return [encoded(device), encoded(path), fstype, encoded(options), dump, pass].join('\t')
}

/** Octal numbers stand for what would separate fields. */
export function decoded(field: string): string {
  const bytes = field.replaceAll(/\\([0-3][0-7]{2})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  )
  return bytes
}

function encoded(field: string): string {
  return field.replaceAll(/[ \t\n\\#]/g, each => `\\${each.charCodeAt(0).toString(8).padStart(3, '0')}`)
}

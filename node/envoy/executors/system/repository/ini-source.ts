import { ExecutorError } from '../../errors.ts'

const HEADER = '# Managed by Vigo: changes are put right again.'

export interface IniOptions {
  readonly name: string
  readonly enabled: boolean
  /** Where the key is, unless the author names another. */
  readonly keyFile: string | undefined
}

/**
 * The file of a repository of dnf or zypper: from a base URL, or from sections as they are written. Signatures are checked unless the
 * author's own section says otherwise. @throws ExecutorError 'failed'
 */
export function iniSource(repo: string, { name, enabled, keyFile }: IniOptions): string {
  const text = repo.replaceAll('\r', '').trim()
  const sections = text.startsWith('[') ? text : sectionOf(text, name)
  const lines = sections.split('\n').map(line => line.trim())
  const starts = lines.flatMap((line, at) => (/^\[[^\]\s]+\]$/.test(line) ? [at] : []))
  if (starts[0] !== 0) throw new ExecutorError('failed', "'repo' is neither a base URL nor a section such as [name]")
  const written = starts.map((start, i) => {
    const own = lines.slice(start, starts[i + 1]).filter(line => line !== '' && !/^enabled\s*=/i.test(line))
    own.push(`enabled=${enabled ? 1 : 0}`)
    if (keyFile !== undefined && !own.some(line => /^gpgkey\s*=/i.test(line))) own.push(`gpgkey=file://${keyFile}`)
    if (!own.some(line => /^gpgcheck\s*=/i.test(line))) own.push('gpgcheck=1')
    return own.join('\n')
  })
  return `${HEADER}\n${written.join('\n\n')}\n`
}

function sectionOf(url: string, name: string): string {
  if (!/^(?:https?|ftp|file):\/\/\S+$/.test(url)) {
    throw new ExecutorError(
      'failed',
      `'${url.slice(0, 100)}' is no base URL of a repository; write https://…, or a whole section`,
    )
  }
  return `[${name}]\nname=${name}\nbaseurl=${url}`
}

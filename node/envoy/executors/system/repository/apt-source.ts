import { ExecutorError } from '../../errors.ts'

export interface AptSource {
  readonly form: 'list' | 'deb822'
  readonly text: string
}

export interface AptOptions {
  readonly format: 'auto' | 'list' | 'deb822'
  readonly enabled: boolean
  /** Where the key is, unless the author names another. */
  readonly keyFile: string | undefined
}

interface Line {
  readonly type: string
  readonly options: readonly (readonly [name: string, value: string])[]
  readonly uri: string
  readonly suite: string
  readonly components: readonly string[]
}

/** The fields of deb822 that options of a line are called there. */
const FIELDS: Readonly<Record<string, string>> = {
  arch: 'Architectures',
  lang: 'Languages',
  target: 'Targets',
  trusted: 'Trusted',
  'signed-by': 'Signed-By',
  pdiffs: 'PDiffs',
  'by-hash': 'By-Hash',
  'allow-insecure': 'Allow-Insecure',
  'allow-weak': 'Allow-Weak',
  'check-valid-until': 'Check-Valid-Until',
  'check-date': 'Check-Date',
}

const HEADER = '# Managed by Vigo: changes are put right again.'

/** The source file of a repository, in apt's older or newer form. @throws ExecutorError 'failed' */
export function aptSource(repo: string, { format, enabled, keyFile }: AptOptions): AptSource {
  const text = repo.replaceAll('\r', '').trim()
  if (/^Types:/im.test(text)) {
    if (format === 'list') throw new ExecutorError('failed', "'repo' is in the deb822 form; leave 'format' out")
    return { form: 'deb822', text: file(stanzas(text, enabled, keyFile)) }
  }
  const lines = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => withKey(parseLine(line), keyFile))
  if (lines.length === 0) throw new ExecutorError('failed', "'repo' holds no apt line")
  if (format === 'deb822') {
    const all = lines.map(stanzaOf).join('\n\n')
    return { form: 'deb822', text: file(stanzas(all, enabled, undefined)) }
  }
  return { form: 'list', text: file(lines.map(line => `${enabled ? '' : '# '}${lineOf(line)}`).join('\n')) }
}

function file(text: string): string {
  return `${HEADER}\n${text}\n`
}

function parseLine(line: string): Line {
  const [, type, options = '', uri, suite, rest = ''] =
    /^(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)((?:\s+\S+)*)$/.exec(line) ?? []
  if (type === undefined || uri === undefined || suite === undefined) {
    throw new ExecutorError(
      'failed',
      `'${line.slice(0, 100)}' is no apt line; write 'deb [options] https://… suite component'`,
    )
  }
  const pairs = options.split(/\s+/).filter(each => each !== '')
  return {
    type,
    options: pairs.map(pair => {
      const equals = pair.indexOf('=')
      if (equals < 1)
        throw new ExecutorError('failed', `'${pair.slice(0, 60)}' is no option of an apt line; write name=value`)
      return [pair.slice(0, equals), pair.slice(equals + 1)] as const
    }),
    uri,
    suite,
    components: rest.split(/\s+/).filter(each => each !== ''),
  }
}

function withKey(line: Line, keyFile: string | undefined): Line {
  if (keyFile === undefined || line.options.some(([name]) => name === 'signed-by')) return line
  return { ...line, options: [...line.options, ['signed-by', keyFile]] }
}

function lineOf({ type, options, uri, suite, components }: Line): string {
  const bracket = options.length === 0 ? [] : [`[${options.map(([name, value]) => `${name}=${value}`).join(' ')}]`]
  return [type, ...bracket, uri, suite, ...components].join(' ')
}

function stanzaOf({ type, options, uri, suite, components }: Line): string {
  const further = options.map(([name, value]) => {
    const field = FIELDS[name]
    if (field === undefined)
      throw new ExecutorError('failed', `option '${name}' of the apt line has no field in deb822`)
    return `${field}: ${value.replaceAll(',', ' ')}`
  })
  const parts = components.length === 0 ? [] : [`Components: ${components.join(' ')}`]
  return [`Types: ${type}`, `URIs: ${uri}`, `Suites: ${suite}`, ...parts, ...further].join('\n')
}

function stanzas(text: string, enabled: boolean, keyFile: string | undefined): string {
  return text
    .split(/\n[ \t]*\n+/)
    .map(stanza => {
      const lines = stanza.split('\n').filter(line => !/^Enabled:/i.test(line))
      if (keyFile !== undefined && !lines.some(line => /^Signed-By:/i.test(line))) lines.push(`Signed-By: ${keyFile}`)
      if (!enabled) lines.push('Enabled: no')
      return lines.join('\n')
    })
    .join('\n\n')
}

import { ExecutorError } from '../../errors.ts'

/** Alpine has one file for all repositories: the line before a repository's says whose it is. */
const markOf = (name: string) => `# vigo: ${name}`

/** The text of `/etc/apk/repositories` with the repository, or without it where `url` is null. Everything else stays. */
export function editApkRepositories(text: string, name: string, url: string | null, enabled: boolean): string {
  if (url !== null && !/^(?:@[a-z0-9]+ )?(?:https?:\/\/|\/)\S+$/.test(url)) {
    throw new ExecutorError('failed', `'${url.slice(0, 100)}' is no URL of an Alpine repository`)
  }
  const lines = text.split('\n')
  const at = lines.indexOf(markOf(name))
  const wanted = url === null ? [] : [markOf(name), `${enabled ? '' : '#'}${url}`]
  if (at !== -1) return [...lines.slice(0, at), ...wanted, ...lines.slice(at + 2)].join('\n')
  if (url === null) return text
  const before = text === '' || text.endsWith('\n') ? text : `${text}\n`
  return `${before}${wanted.join('\n')}\n`
}

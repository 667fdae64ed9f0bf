import { ExecutorError } from '../errors.ts'

/** Where a clone comes from, with what must not be in process arguments apart. */
export interface Remote {
  readonly url: string
  /** Settings of git that carry user and password of an HTTP address. */
  readonly settings: readonly (readonly [name: string, value: string])[]
}

export function remoteOf(repo: string): Remote {
  const url = /^https?:/i.test(repo) ? URL.parse(repo) : null
  if (url === null || (url.username === '' && url.password === '')) return { url: repo, settings: [] }
  const login = `${decoded(url.username)}:${decoded(url.password)}`
  url.username = ''
  url.password = ''
  const header = `Authorization: Basic ${Buffer.from(login).toString('base64')}`
  return { url: url.href, settings: [[`http.${url.origin}/.extraHeader`, header]] }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A branch or tag of the remote, and the commit that it is at. */
export interface RemoteHead {
  readonly ref: string
  readonly commit: string
  /** Null for what is no branch: the clone is then at the commit, on no branch. */
  readonly branch: string | null
  /** Where the clone keeps it. */
  readonly localRef: string
}

/** What to ask the remote for. @throws ExecutorError 'failed' for what is no name of a branch */
export function refsAskedFor(branch: string | undefined): readonly string[] {
  if (branch === undefined) return ['HEAD']
  if (!/^(?!-)[^\s~^:?*[\\\p{Cc}]{1,250}$/u.test(branch) || branch.includes('..')) {
    throw new ExecutorError('failed', `'${branch}' is no name of a branch or tag`)
  }
  return [`refs/heads/${branch}`, `refs/tags/${branch}`, `refs/tags/${branch}^{}`]
}

/** From the answer of `git ls-remote --symref`; a branch comes before a tag of the same name. Null when the remote has none of them. */
export function headOf(answer: string, branch: string | undefined): RemoteHead | null {
  const lines = answer.split('\n').map(line => line.split('\t'))
  const commits = new Map(lines.flatMap(([commit = '', ref = '']) => (isHash(commit) ? [[ref, commit]] : [])))
  if (branch !== undefined) return branchAt(branch, commits) ?? tagAt(branch, commits)
  const target = lines
    .find(([text = '', ref]) => text.startsWith('ref: ') && ref === 'HEAD')?.[0]
    ?.slice('ref: '.length)
  const commit = commits.get('HEAD')
  if (commit === undefined) return null
  const name = target?.startsWith('refs/heads/') === true ? target.slice('refs/heads/'.length) : null
  if (name === null) return { ref: 'HEAD', commit, branch: null, localRef: 'refs/vigo/head' }
  return { ref: `refs/heads/${name}`, commit, branch: name, localRef: `refs/remotes/origin/${name}` }
}

function branchAt(name: string, commits: ReadonlyMap<string, string>): RemoteHead | null {
  const ref = `refs/heads/${name}`
  const commit = commits.get(ref)
  return commit === undefined ? null : { ref, commit, branch: name, localRef: `refs/remotes/origin/${name}` }
}

/** An annotated tag is an object by itself; `^{}` is the commit that it names. */
function tagAt(name: string, commits: ReadonlyMap<string, string>): RemoteHead | null {
  const ref = `refs/tags/${name}`
  const commit = commits.get(`${ref}^{}`) ?? commits.get(ref)
  return commit === undefined ? null : { ref, commit, branch: null, localRef: ref }
}

function isHash(text: string): boolean {
  return /^[0-9a-f]{40,64}$/.test(text)
}

import { createHash } from 'node:crypto'
import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, Deadline, messageOf, privateFolder } from '#node/kit'
import { ExecutorError } from '../errors.ts'
import { isLeftover, TemporaryName } from '../temporary-name.ts'

const MAX_REDIRECTS = 5
const DEFAULT_MAX_BYTES = 2 * 2 ** 30
const DEADLINE_MS = 30 * 60_000
/** Without a byte. */
const STALL_MS = 60_000

export interface DownloadOptions {
  readonly signal: AbortSignal
  readonly maxBytes?: number
  readonly sha256?: string
}

/**
 * Fetches into a new file of mode 0600 below the folder, which the caller removes. Messages name a URL without user and query.
 * @throws ExecutorError 'blocked', or 'unsafe' when the bytes do not have the hash
 */
export async function downloadTo(folder: string, address: string, options: DownloadOptions): Promise<string> {
  await privateFolder(folder)
  await removeLeftovers(folder)
  const url = httpUrl(address)
  using name = new TemporaryName()
  const path = join(folder, name.text)
  using total = new Deadline(DEADLINE_MS, `fetching ${shown(url)}`, options.signal)
  using stalled = new Stalled(url, total.signal)
  try {
    const response = await followed(url, stalled)
    await saved(response, path, url, options, stalled)
    return path
  } catch (error) {
    await rm(path, { force: true })
    options.signal.throwIfAborted()
    if (error instanceof ExecutorError) throw error
    throw new ExecutorError('blocked', `${shown(url)} could not be fetched: ${reasonOf(error)}`, { cause: error })
  }
}

async function followed(first: URL, stalled: Stalled): Promise<Response> {
  let url = first
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(withoutUser(url), {
      redirect: 'manual',
      signal: stalled.signal,
      headers: url.origin === first.origin ? credentialsOf(first) : {},
    })
    stalled.progress()
    const location = response.headers.get('location')
    if (response.status < 300 || response.status > 399 || location === null) {
      if (response.ok) return response
      await response.body?.cancel()
      throw new ExecutorError('blocked', `${shown(url)} answered ${response.status} ${response.statusText}`.trim())
    }
    await response.body?.cancel()
    if (redirects === MAX_REDIRECTS) {
      throw new ExecutorError('blocked', `${shown(first)} redirects more than ${MAX_REDIRECTS} times`)
    }
    const next = httpUrl(location, url)
    if (url.protocol === 'https:' && next.protocol === 'http:') {
      throw new ExecutorError('blocked', `${shown(url)} redirects to ${shown(next)}, which is not encrypted`)
    }
    url = next
  }
}

async function saved(
  response: Response,
  path: string,
  url: URL,
  { maxBytes = DEFAULT_MAX_BYTES, sha256 }: DownloadOptions,
  stalled: Stalled,
): Promise<void> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const chunk of response.body ?? []) {
      stalled.progress()
      sizeBytes += chunk.byteLength
      if (sizeBytes > maxBytes) {
        throw new ExecutorError('blocked', `${shown(url)} has more than ${maxBytes} bytes, which is the limit`)
      }
      hash.update(chunk)
      await file.writeFile(chunk)
    }
  } finally {
    await file.close()
  }
  const found = hash.digest('hex')
  if (sha256 !== undefined && found !== sha256.toLowerCase()) {
    throw new ExecutorError(
      'unsafe',
      `${shown(url)} has the SHA-256 ${found}, not ${sha256.toLowerCase()}; it was not used. Correct sha256 if the new bytes are meant`,
    )
  }
}

/** Fires when nothing arrived for a while, or the parent does. */
class Stalled implements Disposable {
  readonly #url: URL
  readonly #controller = new AbortController()
  readonly #parent: AbortSignal
  readonly #onParent = (): void => this.#controller.abort(this.#parent.reason)
  #timer: NodeJS.Timeout | undefined

  constructor(url: URL, parent: AbortSignal) {
    this.#url = url
    this.#parent = parent
    parent.addEventListener('abort', this.#onParent, { once: true })
    if (parent.aborted) this.#onParent()
    this.progress()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  progress(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#controller.abort(new Error(`nothing came from ${this.#url.host} for ${STALL_MS / 1000} s`))
    }, STALL_MS)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#parent.removeEventListener('abort', this.#onParent)
  }
}

function httpUrl(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href)
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  const what = url === null ? 'which is no URL' : `whose scheme is ${url.protocol.slice(0, 20)}`
  throw new ExecutorError('blocked', `only http and https are fetched, not an address ${what}`)
}

function withoutUser(url: URL): URL {
  const plain = new URL(url)
  plain.username = ''
  plain.password = ''
  return plain
}

function credentialsOf({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {}
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` }
}

function shown({ origin, pathname }: URL): string {
  return `${origin}${pathname}`
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const code = codeOf(cause)
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'the disk of the machine is full; make room and try again'
  return messageOf(cause)
}

async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (isLeftover(name)) await rm(join(folder, name), { force: true })
}

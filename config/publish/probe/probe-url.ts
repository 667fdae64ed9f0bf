import { codeOf, Deadline, formatDuration, isAbort, messageOf } from '#node/kit'
import { type Answer, ask } from './ask.ts'
import { shownUrl } from './shown-url.ts'

/** As browsers and curl give up much later, but nothing that a machine installs from needs more. */
const MAX_REDIRECTS = 5

const NO_HEAD = new Set([405, 501])
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** An empty file has no first byte, but is there. */
const NOTHING_IN_RANGE = 416

export type Finding =
  | { readonly outcome: 'alive'; readonly status: number }
  | { readonly outcome: 'dead'; readonly status: number | null; readonly why: string }

/** HEAD, or GET of the first byte where the server has no HEAD; redirects are followed. All of it within `timeoutMs`. */
export async function probeUrl(url: URL, timeoutMs: number, signal: AbortSignal | undefined): Promise<Finding> {
  using deadline = new Deadline(timeoutMs, `the answer of ${shownUrl(url.href)}`, signal)
  try {
    return await follow(url, deadline.signal)
  } catch (error) {
    signal?.throwIfAborted()
    if (deadline.signal.aborted) return dead(null, `it did not answer within ${formatDuration(timeoutMs)}`)
    return dead(null, reasonOf(error))
  }
}

async function follow(first: URL, signal: AbortSignal): Promise<Finding> {
  let url = first
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const { status, location } = await headOrGet(url, signal)
    if (!REDIRECTS.has(status)) return judge(status, url, first)
    if (location === undefined) return dead(status, `it answers ${status} without saying where to`)
    const next = URL.parse(location, url.href)
    if (next === null || !isHttp(next)) {
      return dead(status, `it redirects to ${shownUrl(location)}, which is no HTTP address`)
    }
    url = next
  }
  return dead(null, `it redirects more than ${MAX_REDIRECTS} times`)
}

async function headOrGet(url: URL, signal: AbortSignal): Promise<Answer> {
  const head = await ask(url, 'HEAD', signal)
  if (!NO_HEAD.has(head.status)) return head
  const get = await ask(url, 'GET', signal)
  return get.status === NOTHING_IN_RANGE ? { ...get, status: 200 } : get
}

function judge(status: number, url: URL, first: URL): Finding {
  if (status >= 200 && status < 400) return { outcome: 'alive', status }
  const where = url === first ? 'it' : shownUrl(url.href)
  return dead(status, `${where} answers ${status}`)
}

function dead(status: number | null, why: string): Finding {
  return { outcome: 'dead', status, why }
}

function isHttp(url: URL): boolean {
  return url.protocol === 'http:' || url.protocol === 'https:'
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its host name is not known',
  EAI_AGAIN: 'its host name cannot be looked up; the name service does not answer',
  ECONNREFUSED: 'its host refuses the connection',
  ECONNRESET: 'its host closed the connection',
  EHOSTUNREACH: 'its host cannot be reached',
  ENETUNREACH: 'its network cannot be reached',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an authority that is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an authority that is not trusted here',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
}

function reasonOf(error: unknown): string {
  const inner = error instanceof AggregateError ? error.errors[0] : error
  if (isAbort(inner)) return 'it was not asked'
  return REASONS[codeOf(error) ?? codeOf(inner) ?? ''] ?? messageOf(inner)
}

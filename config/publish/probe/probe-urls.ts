import type { Diagnostic, Span } from '#config/lang'
import { probeUrl } from './probe-url.ts'
import { shownUrl } from './shown-url.ts'
import type { ProbeOptions, UrlProbe, UrlUse } from './types.ts'

export const URL_TIMEOUT_MS = 10_000
const CONCURRENT_PROBES = 16

/** Asks each URL once, however often it is used, several at a time. In the order of their first use. @throws only when aborted */
export async function probeUrls(uses: readonly UrlUse[], options: ProbeOptions = {}): Promise<UrlProbe[]> {
  const { timeoutMs = URL_TIMEOUT_MS, concurrency = CONCURRENT_PROBES, signal, onProgress } = options
  const spans = Map.groupBy(uses, ({ url }) => url)
  const urls = [...spans.keys()]
  const probes = new Map<string, UrlProbe>()
  const queue = urls.values()
  const worker = async (): Promise<void> => {
    for (const url of queue) {
      signal?.throwIfAborted()
      probes.set(
        url,
        await probe(
          url,
          (spans.get(url) ?? []).map(({ span }) => span),
          timeoutMs,
          signal,
        ),
      )
      onProgress?.(probes.size, urls.length)
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, urls.length) }, worker))
  return urls.flatMap(url => probes.get(url) ?? [])
}

async function probe(
  url: string,
  spans: readonly Span[],
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<UrlProbe> {
  if (url.includes('{{')) return { url, spans, outcome: 'skipped', why: 'it is a template' }
  if (/\bsecret:/.test(url)) return { url, spans, outcome: 'skipped', why: 'it has a secret in it' }
  if (!/^https?:/i.test(url)) return { url, spans, outcome: 'skipped', why: 'it is not HTTP' }
  const parsed = URL.parse(url)
  if (parsed === null) return { url, spans, outcome: 'dead', status: null, why: 'it is not a URL' }
  return { url, spans, ...(await probeUrl(parsed, timeoutMs, signal)) }
}

/** An error for each place that names a dead URL. */
export function urlDiagnostics(probes: readonly UrlProbe[]): Diagnostic[] {
  return probes.flatMap(probe => {
    if (probe.outcome !== 'dead') return []
    const message = `the URL ${shownUrl(probe.url)} cannot be used: ${probe.why}`
    const hint = 'mend the URL or its server; without network, publish with --skip-url-check'
    return probe.spans.map(
      span => ({ code: 'url-not-alive', severity: 'error', span, message, hint, related: [] }) as const,
    )
  })
}

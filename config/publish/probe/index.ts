export { probeUrls, URL_TIMEOUT_MS, urlDiagnostics } from './probe-urls.ts'
export type { ProbeOptions, UrlProbe, UrlUse } from './types.ts'

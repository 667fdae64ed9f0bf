/** The URL without its password, on one line. */
export function shownUrl(url: string): string {
  const shown = url.replace(/^([a-z][a-z0-9+.-]{0,20}:\/\/[^/?#@:]{0,200}):[^/?#@]{0,500}@/i, '$1:***@')
  return shown.replace(/\p{Cc}/gu, ' ').slice(0, 500)
}

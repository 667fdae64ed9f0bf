/** Whether the parts of a pattern, which was cut at its stars, occur in this order, the first at the start and the last at the end. */
export function fitsParts(text: string, parts: readonly string[]): boolean {
  const first = parts[0] ?? ''
  const last = parts.at(-1) ?? ''
  if (parts.length === 1) return text === first
  if (text.length < first.length + last.length || !text.endsWith(last) || !text.startsWith(first)) return false
  const end = text.length - last.length
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}

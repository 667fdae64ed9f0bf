import { isPrintable } from './quote.ts'

const HTML: Readonly<Record<string, string>> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
}

/** As Go's `HTMLEscapeString`. */
export function escapeHtml(text: string): string {
  return text.replaceAll('\0', '\ufffd').replace(/["'&<>]/g, character => HTML[character]!)
}

/** As Go's `JSEscapeString`. */
export function escapeJs(text: string): string {
  return text.toWellFormed().replace(/[\\'"<>&=]|\p{Cc}|[^\p{ASCII}]/gu, character => {
    if (character === '\\' || character === "'" || character === '"') return `\\${character}`
    const code = character.codePointAt(0)!
    if (code === 0x7f || (code > 0x7f && isPrintable(character))) return character
    return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`
  })
}

/** As Go's `url.QueryEscape`. */
export function escapeQuery(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}

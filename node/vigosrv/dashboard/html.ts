class Markup {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}

/** Text that is HTML already. Only `html` makes it, so that whatever came from outside was escaped on the way. */
export type Html = Markup

/** Nothing is shown for null, undefined and false, so that `condition && html` reads well. */
export type Renderable = Html | string | number | null | undefined | false | readonly Renderable[]

/**
 * HTML with values put in: text is escaped for element content and for attributes in quotes, the only two places where a value may
 * stand. Attributes are always in double quotes; values never name elements or attributes and never go into scripts, styles or comments.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Renderable[]): Html {
  let text = strings[0] ?? ''
  for (let at = 0; at < values.length; at++) text += rendered(values[at]) + (strings[at + 1] ?? '')
  return new Markup(text)
}

function rendered(value: Renderable): string {
  if (value === null || value === undefined || value === false) return ''
  if (value instanceof Markup) return value.toString()
  if (typeof value === 'string') return escaped(value)
  if (typeof value === 'number') return String(value)
  let text = ''
  for (const each of value) text += rendered(each)
  return text
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** What no text needs and what makes it look like another: controls but tab and line feed, and marks that turn the line around. */
const MISLEADING = /(?![\t\n])[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

function escaped(text: string): string {
  return text.replace(MISLEADING, '\ufffd').replace(/[&<>"']/g, character => ENTITIES[character] ?? character)
}

/** Renders each item, with something between them. */
export function joined(items: readonly Renderable[], between: Renderable): Renderable {
  return items.flatMap((item, at) => (at === 0 ? [item] : [between, item]))
}

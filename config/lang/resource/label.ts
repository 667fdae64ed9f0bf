import type { AttributeText, ResourceSchema } from '../schema.ts'

/** Longest label that the linter writes above a resource. */
const MAX_LABEL = 100

/** The `#~` label of a resource: one line, whatever its attributes hold. */
export function labelOf(schema: ResourceSchema, attribute: AttributeText): string {
  return oneLine(
    schema.label(name => {
      const text = attribute(name)
      return text === undefined ? undefined : oneLine(text, MAX_LABEL)
    }),
    MAX_LABEL,
  )
}

/** The label of a custom executor's resource. */
export function customLabel(type: string, name: string): string {
  return oneLine(`Run ${type} for ${name}`, MAX_LABEL)
}

/** The first line of a text that does something, shortened: not a comment, nor what only sets up a shell script. */
export function oneLine(text: string, most = 60): string {
  if (text.length <= most && ONE_PLAIN_LINE.test(text)) return text
  const lines = text
    .slice(0, 4096)
    .split(/[\r\n]+/)
    .map(line => line.trim())
  const line = lines.find(each => each !== '' && !/^#|^set -/.test(each)) ?? lines.find(each => each !== '') ?? ''
  const characters = Array.from(line.replaceAll(/\p{Cc}/gu, ' '))
  return characters.length <= most ? characters.join('') : `${characters.slice(0, most - 1).join('')}…`
}

/** What stays as it is: printable ASCII without blanks around it. */
const ONE_PLAIN_LINE = /^(?!#|set -)[!-~](?:[ -~]*[!-~])?$/

/** Last part of a URL or path without its query: what people call the thing. */
export function lastPart(text: string): string {
  const path = text.split(/[?#]/, 1)[0] ?? text
  return path.split('/').findLast(part => part !== '') ?? text
}

import type { AttributeKind, AttributeSchema, ResourceRule, ResourceSchema } from '../schema.ts'
import { resourceSchemas } from './index.ts'

const HEAD = `# Resource types

Generated from \`config/lang/resource/\`; \`vitest run config/lang/resource -u\` writes it again. What all resources have in common
(\`name\`, \`type\`, \`when\`, \`foreach\`, \`depends_on\`, \`before\`, \`notify\`, \`subscribes\`) is in [files.md](files.md#resources).

Every value may be a template; it is checked after it is rendered. **Bold** attributes are required. The order of a table is the
order that \`vigocli config lint --fix\` gives to the keys.
`

/** \`docs/language/resources.md\`. */
export function renderResourceDocument(): string {
  const schemas = Array.from(resourceSchemas.values())
  const contents = schemas.map(({ type, summary }) => `- [${type}](#${type}): ${firstSentence(summary)}`)
  return `${[HEAD, contents.join('\n'), ...schemas.map(chapter)].join('\n')}\n`
}

function chapter(schema: ResourceSchema): string {
  const { type, summary, attributes, main, rules } = schema
  const lines = [
    `\n## ${type}\n`,
    `${summary}\n`,
    '| attribute | value | default | |',
    '|---|---|---|---|',
    ...attributes.map(row),
    '',
    ...rules.map(rule => `- ${ruleText(rule)}`),
    `- Without a name it is called ${nameText(type, main)}.`,
  ]
  if (schema.identity !== undefined) {
    lines.push(`- One host has one ${type} with the same ${listed(schema.identity, 'and')}.`)
  }
  if (schema.probedUrls !== undefined) lines.push(`- Publishing probes ${listed(schema.probedUrls, 'and')}.`)
  return lines.join('\n')
}

function row(attribute: AttributeSchema): string {
  const { name, type, required, description, aliases, sensitive } = attribute
  const notes = [
    description,
    aliases === undefined ? '' : `Also written ${listed(aliases, 'or')}.`,
    sensitive === true ? 'Never shown.' : '',
  ].filter(note => note !== '')
  const cells = [required === true ? `**${name}**` : name, kindText(type), defaultText(attribute), notes.join(' ')]
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function defaultText({ type, default: value }: AttributeSchema): string {
  if (value === undefined) return ''
  if (value === '') return 'empty'
  return `\`${String(value)}${type.kind === 'duration' ? 's' : ''}\``
}

function kindText(type: AttributeKind): string {
  switch (type.kind) {
    case 'string':
      return type.patternMeans ?? 'text'
    case 'boolean':
      return 'true or false'
    case 'integer':
      if (type.min !== undefined && type.max !== undefined) return `number, ${type.min} to ${type.max}`
      return type.min === undefined ? 'number' : `number, ${type.min} or more`
    case 'mode':
      return 'octal digits'
    case 'path':
      return 'absolute path'
    case 'duration':
      return type.maxSeconds === undefined ? 'duration' : `duration up to ${type.maxSeconds}s`
    case 'enum':
      return listed(type.values, 'or')
    case 'list':
      return `list, or text with ${type.separator === '\n' ? 'line breaks' : 'commas'}${type.patternMeans === undefined ? '' : `, of ${type.patternMeans}`}`
    case 'map':
      return 'map, or text K=V,K=V'
    case 'url':
      return 'URL'
    case 'artifact':
      return 'artifact reference'
    case 'text':
      return 'text, also of many lines'
    case 'any':
      return 'any value'
  }
}

function ruleText(rule: ResourceRule): string {
  switch (rule.rule) {
    case 'one-of': {
      if (!rule.required) return `At most one of ${listed(rule.attributes, 'and')}.`
      const except = rule.exceptIn === undefined ? '' : `, but not in state ${listed(rule.exceptIn, 'or')}`
      return `One of ${listed(rule.attributes, 'and')} is required${except}.`
    }
    case 'required-in':
      return `State ${listed(rule.states, 'or')} needs ${listed(rule.attributes, 'and')}.`
    case 'needs':
      return `\`${rule.attribute}\` needs \`${rule.other}\`.`
    case 'not-with':
      return `\`${rule.attribute}\` cannot stand together with \`${rule.other}\`.`
    case 'guard': {
      const triggers = rule.triggers.map(trigger => (trigger === 'subscribes' ? '`subscribes`' : '`when: "changed"`'))
      const ways = [...rule.attributes.map(name => `\`${name}\``), ...triggers]
      const states = rule.states === undefined ? 'It' : `State ${listed(rule.states, 'or')}`
      return `${states} needs ${orText(ways)}, else it would act on every run.`
    }
  }
}

function nameText(type: string, main: readonly string[]): string {
  const [first] = main
  if (first === undefined) return `\`${type}\``
  return `\`${type}-<${first}>\`${main.length > 1 ? ` (or after ${listed(main.slice(1), 'or')})` : ''}`
}

function listed(names: readonly string[], word: 'and' | 'or'): string {
  return joined(
    names.map(name => `\`${name}\``),
    word,
  )
}

function orText(ways: readonly string[]): string {
  return joined(ways, 'or')
}

function joined(items: readonly string[], word: 'and' | 'or'): string {
  const last = items.at(-1) ?? ''
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} ${word} ${last}`
}

function firstSentence(text: string): string {
  const end = text.search(/[.:;](?:\s|$)/)
  return end < 0 ? text : text.slice(0, end)
}

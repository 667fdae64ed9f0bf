import {
  type AttributeKind,
  attributeNamed,
  type FileKind,
  type MapNode,
  type Node,
  type ResourceSchema,
  resourceSchemas,
  type ScalarNode,
} from '#config/lang'
import { resourcesOf, textOf } from './crate.ts'

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ['yes', true],
  ['on', true],
  ['y', true],
  ['no', false],
  ['off', false],
  ['n', false],
])

const SWITCHES: readonly string[] = ['skip_validation', 'custom']

/** What a plain `yes`, `no`, `on`, `off`, `y` or `n` stands for. */
export function wordMeaning(node: Node): boolean | undefined {
  if (node.kind !== 'scalar' || node.style !== 'plain' || typeof node.value !== 'string') return undefined
  return node.value.length > 3 ? undefined : WORDS.get(node.value.toLowerCase())
}

/** The plain words of a file that stand where the language has true or false, with what they stand for. */
export function booleanWords(root: Node | undefined, kind: FileKind | undefined): ReadonlyMap<ScalarNode, boolean> {
  const words = new Map<ScalarNode, boolean>()
  const add = (node: Node | undefined): void => {
    const meaning = node && wordMeaning(node)
    if (node?.kind === 'scalar' && meaning !== undefined) words.set(node, meaning)
  }
  if (root?.kind !== 'map') return words
  if (kind === 'configcrate' || kind === 'usercrate') {
    for (const value of crateWords(root)) add(value)
  }
  for (const task of tasksOf(root, kind)) {
    const params = task.entries.get('params')?.value
    if (params?.kind !== 'map') continue
    for (const { value } of params.entries.values()) {
      if (value.kind === 'map') add(value.entries.get('required')?.value)
    }
  }
  return words
}

/** The words of a crate that stand where true or false is meant. */
function crateWords(root: MapNode): readonly Node[] {
  const found: Node[] = []
  const resources = resourcesOf(root)
  for (const resource of resources) {
    for (const { key, value } of resource.entries.values()) {
      if (wordMeaning(value) !== undefined && isSwitch(key, resource)) found.push(value)
    }
  }
  const defaults = root.entries.get('defaults')?.value
  if (defaults?.kind !== 'map') return found
  const schemas = new Set(resources.map(schemaOf))
  for (const { key, value } of defaults.entries.values()) {
    const kinds = Array.from(schemas, schema => schema && attributeNamed(schema, key)?.type)
    const known = kinds.filter(type => type !== undefined)
    if (known.length > 0 && known.every(isBoolean) && !schemas.has(undefined)) found.push(value)
  }
  return found
}

function isSwitch(key: string, resource: MapNode): boolean {
  if (SWITCHES.includes(key)) return true
  const schema = schemaOf(resource)
  return schema !== undefined && isBoolean(attributeNamed(schema, key)?.type)
}

function schemaOf(resource: MapNode): ResourceSchema | undefined {
  return resourceSchemas.get(textOf(resource, 'type') ?? '')
}

function isBoolean(type: AttributeKind | undefined): boolean {
  return type?.kind === 'boolean'
}

function tasksOf(root: MapNode, kind: FileKind | undefined): readonly MapNode[] {
  if (kind === 'task') return [root]
  const tasks = kind === 'sections' ? root.entries.get('tasks')?.value : undefined
  const nodes =
    tasks?.kind === 'list'
      ? tasks.items
      : tasks?.kind === 'map'
        ? Array.from(tasks.entries.values(), ({ value }) => value)
        : []
  return nodes.filter(node => node.kind === 'map')
}

import type { AttributeSchema, ResourceSchema } from '../schema.ts'

const byName = new WeakMap<ResourceSchema, ReadonlyMap<string, AttributeSchema>>()

/** The attribute of this name, or of this older spelling. */
export function attributeNamed(schema: ResourceSchema, name: string): AttributeSchema | undefined {
  let names = byName.get(schema)
  if (names === undefined) {
    const spellings = schema.attributes.flatMap(attribute =>
      [attribute.name, ...(attribute.aliases ?? [])].map(spelling => [spelling, attribute] as const),
    )
    names = new Map(spellings)
    byName.set(schema, names)
  }
  return names.get(name)
}

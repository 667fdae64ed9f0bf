import type { AttributeSchema, ResourceSchema } from '../schema.ts'

/** The attributes of a type, arranged for those who look at each of its resources. */
interface Arranged {
  readonly byName: ReadonlyMap<string, AttributeSchema>
  readonly required: readonly AttributeSchema[]
  readonly expected: readonly AttributeSchema[]
}

const known = new WeakMap<ResourceSchema, Arranged>()

/** The attribute of this name, or of this older spelling. */
export function attributeNamed(schema: ResourceSchema, name: string): AttributeSchema | undefined {
  return arrangedOf(schema).byName.get(name)
}

export function requiredAttributes(schema: ResourceSchema): readonly AttributeSchema[] {
  return arrangedOf(schema).required
}

/** Those that an author should give. */
export function expectedAttributes(schema: ResourceSchema): readonly AttributeSchema[] {
  return arrangedOf(schema).expected
}

function arrangedOf(schema: ResourceSchema): Arranged {
  let arranged = known.get(schema)
  if (arranged === undefined) {
    arranged = arrange(schema)
    known.set(schema, arranged)
  }
  return arranged
}

function arrange({ attributes }: ResourceSchema): Arranged {
  const spellings = attributes.flatMap(attribute =>
    [attribute.name, ...(attribute.aliases ?? [])].map(spelling => [spelling, attribute] as const),
  )
  return {
    byName: new Map(spellings),
    required: attributes.filter(({ required }) => required === true),
    expected: attributes.filter(({ expected }) => expected === true),
  }
}

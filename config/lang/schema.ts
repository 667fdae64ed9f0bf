/*
 * What a resource type is: one file per type in `resource/` says it, and the reader, the linter's key order and labels, the
 * documents and the executors all take it from there.
 */

/** What an attribute's value must be, after templates are rendered. A template is accepted for every kind. */
export type AttributeKind =
  | { readonly kind: 'string'; readonly pattern?: RegExp; readonly patternMeans?: string }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'integer'; readonly min?: number; readonly max?: number }
  /** Octal digits, quoted or not: `0644`. */
  | { readonly kind: 'mode' }
  /** Absolute path. */
  | { readonly kind: 'path' }
  /** Seconds, or a number with s, m or h. */
  | { readonly kind: 'duration'; readonly maxSeconds?: number }
  /** `instead` says what to do about values that authors bring from elsewhere. */
  | { readonly kind: 'enum'; readonly values: readonly string[]; readonly instead?: Readonly<Record<string, string>> }
  /** A list, or one string with commas (with line breaks where an item may contain commas). */
  | {
      readonly kind: 'list'
      readonly separator?: ',' | '\n'
      readonly pattern?: RegExp
      readonly patternMeans?: string
    }
  /** A map of strings, or one string `K=V,K=V`. */
  | { readonly kind: 'map' }
  /** With a scheme: `https://…`. */
  | { readonly kind: 'url' }
  /** `<name>:<tag>`, `<name>@<version>`, with `<puddle>/` or `<hex-artifact-id>/` before it. */
  | { readonly kind: 'artifact' }
  /** Text that may be long: file contents, scripts. */
  | { readonly kind: 'text' }
  /** Any YAML value. */
  | { readonly kind: 'any' }

export interface AttributeSchema {
  readonly name: string
  readonly type: AttributeKind
  readonly required?: boolean
  /** What holds when it is not given; part of the documents. */
  readonly default?: string | number | boolean
  readonly description: string
  /** Older or other spellings that are accepted and mean this one. */
  readonly aliases?: readonly string[]
  /** Holds something that must not be shown: a password. */
  readonly sensitive?: boolean
  /** Words whose `{{word}}` is no template: the executor fills it in. */
  readonly placeholders?: readonly string[]
  /** An author should say it: its absence is a warning that tells the default. */
  readonly expected?: boolean
}

/** A rule over several attributes, told to the author with what mends it. */
export type ResourceRule =
  /** At most one of them; with `required` exactly one, unless the state is one of `exceptIn`. */
  | {
      readonly rule: 'one-of'
      readonly attributes: readonly string[]
      readonly required: boolean
      readonly exceptIn?: readonly string[]
    }
  /** Required in these states only. */
  | { readonly rule: 'required-in'; readonly states: readonly string[]; readonly attributes: readonly string[] }
  /** `attribute`, where it is given and not false, needs `other` to be given and not false. */
  | { readonly rule: 'needs'; readonly attribute: string; readonly other: string }
  | { readonly rule: 'not-with'; readonly attribute: string; readonly other: string }
  /** Without one of these attributes or triggers the resource would act on every run. In all states when none is named. */
  | {
      readonly rule: 'guard'
      readonly states?: readonly string[]
      readonly attributes: readonly string[]
      readonly triggers: readonly ('subscribes' | 'when-changed')[]
      readonly hint: string
    }

/** What a label is made of: the text of an attribute as written, or undefined. */
export type AttributeText = (name: string) => string | undefined

export interface ResourceSchema {
  readonly type: string
  readonly summary: string
  /** In canonical order, which the linter gives to the keys. `name` and `type` come before, `when` and the graph keys after. */
  readonly attributes: readonly AttributeSchema[]
  /** What the thing is called on a machine: `target_path`, `package` … The first that is given names a resource without a name. */
  readonly main: readonly string[]
  /** Two resources of one host with the same values here would work against each other. */
  readonly identity?: readonly string[]
  readonly rules: readonly ResourceRule[]
  /** The linter's `#~` label: what the resource does, from its attributes, without repeating them all. */
  readonly label: (attribute: AttributeText) => string
  /** Fields with URLs that publish probes. */
  readonly probedUrls?: readonly string[]
}

/** Keeps the literal types of a schema, so that `AttributesOf` knows its attributes. */
export function defineResource<const S extends ResourceSchema>(schema: S): S {
  return schema
}

/** What executors get: every attribute by its name, typed by its kind; undefined only where there is no default. */
export type AttributesOf<S extends ResourceSchema> = {
  readonly [A in S['attributes'][number] as A['name']]: A extends { required: true } | { default: unknown }
    ? ValueOf<A['type']>
    : ValueOf<A['type']> | undefined
}

type ValueOf<K extends AttributeKind> = K extends { kind: 'boolean' }
  ? boolean
  : K extends { kind: 'integer' | 'duration' }
    ? number
    : K extends { kind: 'enum'; values: readonly (infer V)[] }
      ? V
      : K extends { kind: 'list' }
        ? readonly string[]
        : K extends { kind: 'map' }
          ? Readonly<Record<string, string>>
          : K extends { kind: 'any' }
            ? Plain
            : string

/** A YAML value without its places. Maps have no prototype. */
export type Plain =
  | string
  | number
  | boolean
  | null
  | readonly Plain[]
  | {
      readonly [key: string]: Plain
    }

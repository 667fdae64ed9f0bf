/*
 * What a resource type is: one file per type in `resources/` says it, and the reader, the linter's key order and labels, the
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
  | { readonly kind: 'duration' }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  /** A list, or one string with commas. */
  | { readonly kind: 'list' }
  /** A map of strings, or one string `K=V,K=V`. */
  | { readonly kind: 'map' }
  | { readonly kind: 'url' }
  /** `<name>:<tag>`, `<name>@<version>`, with `<puddle>/` or `<hex-artifact-id>/` before it. */
  | { readonly kind: 'artifact' }
  /** Text that may be long: file contents, scripts. */
  | { readonly kind: 'text' }

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
}

/** A rule over several attributes, told to the author with `message` and `hint`. */
export type ResourceRule =
  | { readonly rule: 'one-of'; readonly attributes: readonly string[]; readonly required: boolean }
  | { readonly rule: 'needs'; readonly attribute: string; readonly other: string }
  | { readonly rule: 'not-with'; readonly attribute: string; readonly other: string }
  /** Without one of these attributes or triggers the resource would act on every run. */
  | {
      readonly rule: 'guard'
      readonly states?: readonly string[]
      readonly attributes: readonly string[]
      readonly triggers: readonly ('subscribes' | 'when-changed')[]
      readonly hint: string
    }

export interface ResourceSchema {
  readonly type: string
  readonly summary: string
  /** In canonical order, which the linter gives to the keys. `name` and `type` come before, `when` and the graph keys after. */
  readonly attributes: readonly AttributeSchema[]
  /** Identifies the thing on a machine: `target_path`, `package` … Names a resource that has no name. */
  readonly main: string
  readonly states?: { readonly values: readonly string[]; readonly default: string }
  readonly rules: readonly ResourceRule[]
  /** The linter's `#~` label: what the resource does, from its attributes, without repeating them all. */
  readonly label: (attribute: (name: string) => string | undefined) => string
  /** Fields with URLs that publish probes. */
  readonly probedUrls?: readonly string[]
}

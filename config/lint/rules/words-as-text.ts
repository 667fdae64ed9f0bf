import { attributeNamed, resourceKeys, resourceSchemas } from '#config/lang'
import { wordMeaning } from '../boolean-words.ts'
import { resourcesOf, textOf } from '../crate.ts'
import type { CheckRule } from '../rule.ts'

export const wordsAsText: CheckRule = {
  name: 'yes-no',
  stage: 'schema',
  files: 'crates',
  summary:
    'Warns of unquoted `yes`, `no`, `on` and `off` in attributes that take any text, and in those of custom executors. The reader warns of them in variables.',
  check: ({ crate }, diagnostics) => {
    if (crate === undefined) return
    for (const resource of resourcesOf(crate)) {
      const schema = resourceSchemas.get(textOf(resource, 'type') ?? '')
      for (const { key, value } of resource.entries.values()) {
        const meaning = wordMeaning(value)
        if (meaning === undefined || value.kind !== 'scalar' || value.source.length === 1) continue
        if (resourceKeys.includes(key)) continue
        const type = schema && attributeNamed(schema, key)?.type
        const isFree = schema === undefined || type?.kind === 'text' || (type?.kind === 'string' && !type.pattern)
        if (!isFree) continue
        diagnostics.warning({
          code: 'yes-no',
          span: value.span,
          message: `${value.source} is text in YAML 1.2, not ${meaning}`,
          hint: `quote it, "${value.source}", if text is meant; write ${meaning} otherwise`,
        })
      }
    }
  },
}

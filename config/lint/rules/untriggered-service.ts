import { calledIn, textOf } from '../crate.ts'
import type { CheckRule } from '../rule.ts'
import { triggeredServices } from '../triggered-services.ts'

export const untriggeredService: CheckRule = {
  name: 'untriggered-service',
  stage: 'schema',
  files: 'crates',
  summary:
    'Warns of a service in state `restarted` or `reloaded` that subscribes to something but whose `when` does not say `changed`.',
  check: ({ crate }, diagnostics) => {
    if (crate === undefined) return
    for (const service of triggeredServices(crate)) {
      const when = textOf(service, 'when')
      const entry = service.entries.get('when') ?? service.entries.get('subscribes')
      if (entry === undefined || (when !== undefined && /\bchanged\b/.test(when))) continue
      const state = textOf(service, 'state') ?? ''
      diagnostics.warning({
        code: 'untriggered-service',
        span: entry.keySpan,
        message: `${calledIn(service)} is ${state} on every run, whether or not what it subscribes to changed`,
        hint: when === undefined ? `add 'when: "changed"'` : `write 'when: "changed && (${when.slice(0, 80).trim()})"'`,
      })
    }
  },
}

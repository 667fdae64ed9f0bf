import type { ConfigStore } from '#config/store'
import type { NamedTask } from './types.ts'

/** Tasks that a release declares, by name. */
export function namedTasks(store: Pick<ConfigStore, 'tasks'> | null): readonly NamedTask[] {
  const tasks = [...(store?.tasks.values() ?? [])]
  return tasks
    .map(({ name, description, params }) => ({
      name: name.value,
      description: description ?? '',
      params: Array.from(params, ([param, declared]) => ({
        name: param,
        description: declared.description ?? '',
        required: declared.required,
      })),
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

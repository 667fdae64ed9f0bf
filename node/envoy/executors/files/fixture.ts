import type { Executor } from '../executor.ts'
import { executorCompliance } from '../executors.compliance.ts'
import { makeSandbox } from '../fixture.ts'

/** The file that edits are tried on. */
export const target_path = '/etc/app.conf'

/** What every executor promises, for one that edits `target_path`. `hunter2` is a secret. */
export function editingCompliance<A>(executor: Executor<A>, attributes: A, text: string): void {
  executorCompliance(executor, {
    makeMachine: makeSandbox,
    cases: [
      {
        name: 'an edit',
        attributes,
        starts: { 'of a file': box => box.put(target_path, text, 0o640) },
        secrets: ['hunter2'],
        path: target_path,
      },
    ],
  })
}

import { isScript } from '../../../swarm/store/crash/run-killed.ts'
import { SecretStore } from '../secret-store.ts'

/** What the secrets are after each step, from before the first. */
export const STATES: readonly Readonly<Record<string, string>>[] = [
  {},
  {},
  { 'a/one': '1' },
  { 'a/one': '1', two: '2' },
  { 'a/one': '1', two: '2' },
  { 'a/one': 'new', two: '2' },
  { two: '2' },
]

if (isScript(import.meta.url)) {
  const store = new SecretStore({ folder: process.argv[2] ?? '' })
  const steps = [
    () => store.init(),
    () => store.set('a/one', '1'),
    () => store.set('two', '2'),
    () => store.rotate(),
    () => store.set('a/one', 'new'),
    () => store.remove('a/one'),
  ]
  for (const step of steps) {
    await step()
    console.log('done')
  }
}

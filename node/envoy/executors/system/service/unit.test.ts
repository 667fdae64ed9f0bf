import { expect, test } from 'vitest'
import { parseUnits, stateOf, type Unit } from './unit.ts'

const unit = (given: Partial<Unit>): Unit => {
  const [parsed] = parseUnits('Id=x.service\nLoadState=loaded\nActiveState=active\nSubState=running\nResult=success')
  if (parsed === undefined) throw new Error('no unit')
  return { ...parsed, ...given }
}

test('units are paragraphs, and values may hold equals signs', () => {
  const units = parseUnits('Id=a.service\nLoadError=x "a=b"\n\nId=b.service\nLoadState=not-found\n')
  expect(units.map(each => each.Id)).toEqual(['a.service', 'b.service'])
  expect(units[0]?.LoadError).toBe('x "a=b"')
  expect(units[1]?.ActiveState).toBe('')
})

test.each([
  [{}, { kind: 'present', isRunning: true, detail: 'active (running)', isEnabled: false }],
  [{ UnitFileState: 'enabled' }, { isEnabled: true }],
  [{ UnitFileState: 'enabled-runtime' }, { isEnabled: false }],
  [{ UnitFileState: 'static' }, { isEnabled: 'fixed' }],
  [{ ActiveState: 'reloading' }, { isRunning: true }],
  [
    { ActiveState: 'activating', SubState: 'auto-restart', Result: 'exit-code' },
    { isRunning: false, detail: 'activating (auto-restart, exit-code)' },
  ],
  [{ LoadState: 'not-found' }, { kind: 'missing' }],
  [
    { LoadState: 'masked', ActiveState: 'inactive' },
    { kind: 'unusable', isRunning: false },
  ],
  [{ LoadState: 'bad-setting' }, { kind: 'unusable' }],
  [{ Type: 'oneshot', ActiveState: 'inactive', ExecMainExitTimestampMonotonic: '5' }, { isRunning: true }],
  [{ Type: 'oneshot', ActiveState: 'inactive', ExecMainExitTimestampMonotonic: '0' }, { isRunning: false }],
])('%j is %j', (given, expected) => {
  expect(stateOf(unit(given), false)).toMatchObject(expected)
})

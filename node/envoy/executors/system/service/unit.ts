import type { ServiceState } from './provider.ts'

/** What `systemctl show` tells of a unit. */
export type Unit = Readonly<Record<(typeof UNIT_PROPERTIES)[number], string>>

export const UNIT_PROPERTIES = [
  'Id',
  'LoadState',
  'LoadError',
  'ActiveState',
  'SubState',
  'Result',
  'UnitFileState',
  'Type',
  'MainPID',
  'CanReload',
  'NeedDaemonReload',
  'SourcePath',
  'ExecMainExitTimestampMonotonic',
] as const

/** Paragraphs of `Name=value`, in the order in which the units were named. */
export function parseUnits(text: string): Unit[] {
  return text
    .split(/\n\n+/)
    .filter(paragraph => paragraph.trim() !== '')
    .map(paragraph => {
      const found = new Map(
        paragraph.split('\n').map((line): [string, string] => {
          const equals = line.indexOf('=')
          return [line.slice(0, equals), line.slice(equals + 1)]
        }),
      )
      return Object.fromEntries(UNIT_PROPERTIES.map(name => [name, found.get(name) ?? ''])) as Unit
    })
}

/** `startsBySysV` says whether a script of /etc/init.d, which systemd only wraps, has start links. */
export function stateOf(unit: Unit, startsBySysV: boolean): ServiceState {
  const isRunning = isUp(unit)
  switch (unit.LoadState) {
    case 'not-found':
      return { kind: 'missing' }
    case 'masked':
      return {
        kind: 'unusable',
        reason: `is masked; run 'systemctl unmask ${unit.Id}' if it may run`,
        isRunning,
        isEnabled: false,
      }
    case 'error':
    case 'bad-setting': {
      const reason = `has a unit file that systemd does not take: ${unit.LoadError || 'see systemctl status'}`
      return { kind: 'unusable', reason, isRunning, isEnabled: false }
    }
    default:
      return {
        kind: 'present',
        isRunning,
        detail: detailOf(unit),
        isEnabled: isEnabled(unit, startsBySysV),
        canReload: unit.CanReload === 'yes',
      }
  }
}

/** A task that ran to its end and leaves nothing behind (Type=oneshot) has done what running it was for. */
export function isUp(unit: Unit): boolean {
  if (unit.ActiveState === 'active' || unit.ActiveState === 'reloading') return true
  const hasRun = unit.ExecMainExitTimestampMonotonic !== '' && unit.ExecMainExitTimestampMonotonic !== '0'
  return unit.Type === 'oneshot' && unit.ActiveState === 'inactive' && unit.Result === 'success' && hasRun
}

export function detailOf({ ActiveState, SubState, Result }: Unit): string {
  const why = Result === '' || Result === 'success' ? '' : `, ${Result}`
  return `${ActiveState} (${SubState}${why})`
}

function isEnabled({ UnitFileState }: Unit, startsBySysV: boolean): boolean | 'fixed' {
  switch (UnitFileState) {
    case 'enabled':
    case 'linked':
      return UnitFileState === 'enabled'
    case 'generated':
      return startsBySysV
    case 'static':
    case 'indirect':
    case 'alias':
    case 'transient':
      return 'fixed'
    default:
      return false
  }
}

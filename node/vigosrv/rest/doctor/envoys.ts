import type { Finding } from '#node/api'
import type { EnvoyRow } from '../../fleet/types.ts'

const MAX_ITEMS = 50

interface Complaint {
  readonly severity: Finding['severity']
  readonly code: string
  readonly is: (row: EnvoyRow) => boolean
  readonly message: (count: string) => string
  readonly hint: string
  readonly item?: (row: EnvoyRow) => string
}

const COMPLAINTS: readonly Complaint[] = [
  {
    severity: 'error',
    code: 'envoys-failed',
    is: row => row.status === 'failed',
    message: count => `on ${count} nothing of the last run worked`,
    hint: 'see what it was: vigocli envoys show <host>',
  },
  {
    severity: 'warning',
    code: 'envoys-degraded',
    is: row => row.status === 'degraded',
    message: count => `on ${count} some resources failed or were blocked`,
    hint: 'see which: vigocli envoys show <host>',
  },
  {
    severity: 'warning',
    code: 'envoys-without-bundle',
    is: row => row.problem !== '',
    message: count => `${count} cannot be given a bundle`,
    hint: 'mend the entry or its crates: vigocli config trace <host>',
    item: row => `${row.hostname}: ${row.problem}`,
  },
  {
    severity: 'warning',
    code: 'envoys-stale',
    is: row => row.reachability === 'stale',
    message: count => `${count} did not check in for two and a half intervals`,
    hint: 'look whether the machine and its agent run: systemctl status vigo',
  },
  {
    severity: 'warning',
    code: 'envoys-diverged',
    is: row => row.drift === 'diverged',
    message: count => `on ${count} the same things are put right again and again`,
    hint: 'something else changes them; the runs say what: vigocli envoys runs <host>',
  },
  {
    severity: 'note',
    code: 'envoys-never-seen',
    is: row => row.reachability === 'never-seen',
    message: count => `${count} enrolled and never checked in`,
    hint: 'start the agent there: vigo agent run',
  },
]

/** What is wrong with the envoys, by kind. */
export function envoyFindings(rows: readonly EnvoyRow[]): Finding[] {
  return COMPLAINTS.flatMap(({ severity, code, is, message, hint, item = row => row.hostname }) => {
    const meant = rows.filter(is)
    if (meant.length === 0) return []
    const count = meant.length === 1 ? '1 envoy' : `${meant.length} envoys`
    return [{ severity, code, message: message(count), hint, items: meant.slice(0, MAX_ITEMS).map(item) }]
  })
}

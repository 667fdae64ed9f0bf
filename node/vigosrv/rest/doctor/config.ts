import { renderDiagnostic } from '#config/lang'
import { type Releases, shortHash } from '#config/store'
import type { Finding } from '#node/api'
import type { Policy } from '../../policy/index.ts'

const MAX_ITEMS = 50

/** What is wrong with the configuration that envoys get. */
export function configFindings({ problem, release }: Policy): Finding[] {
  if (problem !== null) {
    const old =
      release === null ? 'envoys get no policy and change nothing' : `envoys keep getting ${shortHash(release)}`
    return [
      {
        severity: 'error',
        code: 'config-problem',
        message: `${problem.message}; ${old}`,
        hint: 'mend the stacks and publish, or go back: vigocli config rollback',
        items: problem.diagnostics.slice(0, MAX_ITEMS).map(renderDiagnostic),
      },
    ]
  }
  if (release !== null) return []
  return [
    {
      severity: 'note',
      code: 'nothing-live',
      message: 'nothing was published yet: envoys get no policy and change nothing',
      hint: 'write configcrates into the stacks, then: vigocli config publish',
      items: [],
    },
  ]
}

/** What is wrong with the folders of releases. */
export async function releaseFindings(releases: Releases, policy: Policy): Promise<Finding[]> {
  const { live, freeze, warnings } = await releases.status()
  const findings: Finding[] = warnings.map(message => ({
    severity: 'warning',
    code: 'releases',
    message,
    hint: 'mend it as the user who publishes',
    items: [],
  }))
  if (live !== null && policy.problem === null && live !== policy.release) {
    findings.push({
      severity: 'error',
      code: 'not-loaded',
      message: `live is ${shortHash(live)}, but this server has ${policy.release === null ? 'nothing' : shortHash(policy.release)} in force`,
      hint: 'load it: vigosrv reload',
      items: [],
    })
  }
  if (freeze !== null) {
    findings.push({
      severity: 'note',
      code: 'frozen',
      message: `publishing is frozen until ${freeze.until} by ${freeze.author}${freeze.reason === '' ? '' : `: ${freeze.reason}`}`,
      hint: 'lift it with: vigocli config unfreeze',
      items: [],
    })
  }
  return findings
}

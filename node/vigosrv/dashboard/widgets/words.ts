import type { AuditEvent } from '#node/audit'
import type { ResourceState, RunOutcome } from '#node/checkin'
import type { Drift, FleetStatus, Reachability } from '../../fleet/types.ts'
import type { TaskHostState, TaskState } from '../../tasks/types.ts'
import type { IconName } from './icon.ts'

/** How a state feels; colours follow it, and never say anything that icon and word do not. */
export type Tone = 'good' | 'notice' | 'warn' | 'bad' | 'quiet'

export interface Word {
  readonly tone: Tone
  readonly icon: IconName
  readonly text: string
  /** What it means, as a tool tip and on the fleet page. */
  readonly meaning: string
}

type Words<State extends string> = Readonly<Record<State, Word>>

const word = (tone: Tone, icon: IconName, text: string, meaning: string): Word => ({ tone, icon, text, meaning })

export const STATUS_WORDS: Words<FleetStatus> = {
  converged: word('good', 'check', 'Converged', 'the last run left everything as it should be'),
  degraded: word('warn', 'warning', 'Degraded', 'some of the last run failed or was blocked'),
  failed: word('bad', 'cross', 'Failed', 'nothing that the last run tried worked'),
  'no-data': word('quiet', 'dash', 'No data', 'no run was reported yet'),
}

export const DRIFT_WORDS: Words<Drift> = {
  none: word('good', 'check', 'No drift', 'the last run found nothing that somebody had changed'),
  changed: word('notice', 'again', 'Corrected', 'the last run put something right that somebody had changed'),
  diverged: word('warn', 'warning', 'Keeps drifting', 'three or more runs in a row had to put something right'),
}

export const REACHABILITY_WORDS: Words<Reachability> = {
  online: word('good', 'check', 'Online', 'it checks in as often as it should'),
  stale: word('warn', 'waiting', 'Stale', 'not heard of for two and a half of its own intervals'),
  'never-seen': word('quiet', 'dash', 'Never seen', 'enrolled, and has not checked in yet'),
  elsewhere: word('quiet', 'dash', 'Elsewhere', 'another server of the fleet serves it, and knows how it is'),
}

export const OUTCOME_WORDS: Words<RunOutcome> = {
  converged: word('good', 'check', 'Converged', 'all was as it should be'),
  changed: word('notice', 'edit', 'Changed', 'something was put as it should be'),
  degraded: word('warn', 'warning', 'Degraded', 'some of it failed or was blocked'),
  failed: word('bad', 'cross', 'Failed', 'nothing of what was applied worked'),
}

export const RESOURCE_WORDS: Words<ResourceState> = {
  compliant: word('good', 'check', 'Compliant', 'as it should be; nothing was done'),
  corrected: word('notice', 'again', 'Corrected', 'drift: it had been right before, and was put right again'),
  changed: word('notice', 'edit', 'Changed', 'new, or asked for something new, and was put so'),
  'would-change': word('notice', 'edit', 'Would change', 'a dry run found that it differs'),
  'unknown-in-check': word('quiet', 'dash', 'Unknown', 'a dry run cannot tell'),
  skipped: word('quiet', 'dash', 'Skipped', 'its condition, guard or missing trigger says that there is nothing to do'),
  blocked: word('warn', 'warning', 'Blocked', 'not tried: something in the way'),
  failed: word('bad', 'cross', 'Failed', 'it could not be put as it should be'),
  'failed-restart': word('bad', 'cross', 'Restart failed', 'put right, but its service did not start again'),
}

export const TASK_WORDS: Words<TaskState> = {
  running: word('notice', 'running', 'Running', 'under way'),
  succeeded: word('good', 'check', 'Succeeded', 'every host ended well'),
  failed: word('bad', 'cross', 'Failed', 'ended with more failures than allowed'),
  aborted: word('warn', 'warning', 'Aborted', 'somebody, or the server, ended it'),
}

export const TASK_HOST_WORDS: Words<TaskHostState> = {
  waiting: word('quiet', 'waiting', 'Waiting', 'its batch has not begun'),
  running: word('notice', 'running', 'Running', 'under way'),
  succeeded: word('good', 'check', 'Succeeded', 'exited with 0'),
  failed: word('bad', 'cross', 'Failed', 'exited with another code than 0'),
  'timed-out': word('bad', 'waiting', 'Timed out', 'did not end in time'),
  refused: word('warn', 'warning', 'Refused', 'a guardrail of the envoy refused it'),
  unreachable: word('warn', 'warning', 'Unreachable', 'not connected when its turn came, or lost while it ran'),
  skipped: word('quiet', 'dash', 'Skipped', 'the task ended before its turn'),
  cancelled: word('quiet', 'dash', 'Cancelled', 'somebody ended the task'),
}

export const AUDIT_WORDS: Words<AuditEvent['outcome']> = {
  done: word('good', 'check', 'Done', 'it was done'),
  refused: word('warn', 'warning', 'Refused', 'it was not allowed'),
  failed: word('bad', 'cross', 'Failed', 'it was tried and did not work'),
}

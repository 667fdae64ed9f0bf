import { VigoError } from '#node/kit'

/**
 * - `bad-request`: a target, share, parameter or setting that cannot be understood; the message names it
 * - `unknown-task`: the live release has no task or workflow of that name
 * - `no-hosts`: the target selects no machine, or names one that is not there
 * - `dangerous`: the command looks as if it destroyed machines, and was not forced
 * - `too-many-tasks`: as many run as may run at once
 * - `unknown-run`: no task or workflow of that id was run here
 * - `already-ended`: there is nothing to abort any more
 */
export type TaskErrorCode =
  | 'bad-request'
  | 'unknown-task'
  | 'no-hosts'
  | 'dangerous'
  | 'too-many-tasks'
  | 'unknown-run'
  | 'already-ended'

export class TaskError extends VigoError<TaskErrorCode> {}

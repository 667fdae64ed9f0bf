import { VigoError } from '#node/kit'

/**
 * - `not-found`: no such page, or nothing of that name
 * - `bad-request`: a form came without a field that it needs, or with one that is wrong
 * - `too-large`: a form has more than is read
 * - `forbidden`: the form is not of this session, or the role does not allow it
 * - `conflict`: what should be done cannot be, as things are now
 */
export type DashboardErrorCode = 'not-found' | 'bad-request' | 'forbidden' | 'conflict' | 'too-large'

export class DashboardError extends VigoError<DashboardErrorCode> {}

import { codeOf, VigoError } from '#node/kit'

/**
 * - `busy`: another process kept the log locked
 * - `disk-full`, `no-permission`: what the operating system said; nothing was recorded
 * - `bad-anchor`: a note of an entry that is not `<number>:<hash>`
 */
export class AuditError extends VigoError<'busy' | 'disk-full' | 'no-permission' | 'bad-anchor'> {}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const DENIED = new Set(['EACCES', 'EPERM', 'EROFS'])

/** A failure of the disk, in words that name the folder; every other error as it is. */
export function auditFault(error: unknown, folder: string): unknown {
  const code = codeOf(error) ?? ''
  if (code === 'busy') {
    return new AuditError('busy', `another process is writing the audit log ${folder}; try again`, { cause: error })
  }
  if (FULL.has(code)) {
    const message = `no space left for the audit log ${folder}; nothing is done that cannot be recorded: free some space and try again`
    return new AuditError('disk-full', message, { cause: error })
  }
  if (DENIED.has(code) || code === 'no-permission') {
    const message = `not allowed to use the audit log ${folder} (${code}); run this as the user of the server`
    return new AuditError('no-permission', message, { cause: error })
  }
  return error
}

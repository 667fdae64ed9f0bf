import { resolve } from 'node:path'
import type { Command } from 'commander'
import { layoutOf } from '#cli/shell'
import { SecretStore, secretsFolder } from '#config/secrets'
import { configHome } from '#config/store'
import { type AuditEvent, AuditLog, auditFolder } from '#node/audit'
import { author } from '../config/places.ts'

/** Folder of the secrets: beside `.live`. */
export function storeOf(command: Command): SecretStore {
  const { home } = command.optsWithGlobals<{ home?: string }>()
  const where = home === undefined ? configHome(layoutOf(command).root) : resolve(home)
  return new SecretStore({ folder: secretsFolder(where) })
}

/** Does what is on record: the entry is written first, because what cannot be recorded is not done; another one says that it failed. */
export async function onRecord<T>(
  command: Command,
  action: string,
  target: string,
  work: () => Promise<T>,
): Promise<T> {
  const audit = new AuditLog({ folder: auditFolder(layoutOf(command).state) })
  const event: AuditEvent = { actor: author(), via: 'shell', action, target, outcome: 'done', details: {} }
  await audit.append(event)
  try {
    return await work()
  } catch (error) {
    await audit.append({ ...event, outcome: 'failed' })
    throw error
  }
}

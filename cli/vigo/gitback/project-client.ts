import type { Command } from 'commander'
import { layoutOf } from '#cli/shell'
import { ApiClient, gitbackRoutes, type ProjectDetails } from '#node/api'
import { toHex } from '#node/kit'
import type { SessionClient } from '#swarm/puddle/session'
import { ownPuddle } from '../client.ts'

/** An unlocked puddle, and the agent that keeps the projects. */
export interface Signing {
  readonly client: ApiClient
  readonly puddle: { readonly publicKey: string; readonly session: SessionClient }
}

export async function withProjects<T>(command: Command, use: (client: ApiClient) => Promise<T>): Promise<T> {
  const client = new ApiClient(layoutOf(command).socket('gitback'), 'the vigo agent of this machine')
  try {
    return await use(client)
  } finally {
    client.close()
  }
}

/** @throws RemoteError 'unknown-project', 'ambiguous-project' */
export async function findProject(command: Command, client: ApiClient, reference: string): Promise<ProjectDetails> {
  const puddle = await ownPuddle(command)
  return client.call(gitbackRoutes.project, { reference, ...(puddle === null ? {} : { puddle }) })
}

/** Signs a statement about a project with the puddle and hands it to the agent, which verifies, keeps and spreads it. */
export async function state(
  { client, puddle }: Signing,
  kind: 'project' | 'membership' | 'seat',
  fleet: string,
  fields: Readonly<Record<string, string | number | boolean>>,
): Promise<void> {
  const body = JSON.stringify(Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))))
  const signature = toHex(await puddle.session.sign(kind, fleet, body))
  await client.call(gitbackRoutes.state, { kind, body, signature })
}

/** Says that this machine holds the project for the puddle, or no longer does. */
export async function takeSeat(signing: Signing, project: string, held: boolean): Promise<void> {
  const { publicKey } = signing.puddle
  const base = await signing.client.call(gitbackRoutes.statementBase, {
    project,
    subject: publicKey,
    issuer: publicKey,
  })
  await state(signing, 'seat', base.fleet, {
    project_id: project,
    member: publicKey,
    peer: base.peer,
    held,
    serial: base.seatSerial,
    issued_at: base.now,
  })
}

/** Gives a key a right in the project, or with `none` takes it away. */
export async function grant(signing: Signing, project: string, subject: string, level: string): Promise<void> {
  const issuer = signing.puddle.publicKey
  const base = await signing.client.call(gitbackRoutes.statementBase, { project, subject, issuer })
  await state(signing, 'membership', base.fleet, {
    project_id: project,
    subject,
    level,
    serial: base.membershipSerial,
    issuer,
    issued_at: base.now,
  })
}

/** `viewer` reads; `operator` also acts on the fleet (push, tasks, publish, roll back); `admin` also manages tokens, members and secrets. */
export type Role = 'admin' | 'operator' | 'viewer'

/** Who asks, proven. */
export interface Principal {
  /** Of the token, or the Unix user on `vigosrv.sock`. */
  readonly name: string
  readonly role: Role
  readonly via: 'socket' | 'token' | 'session'
}

const RANK: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 }

export function mayActAs(principal: Principal, role: Role): boolean {
  return RANK[principal.role] >= RANK[role]
}

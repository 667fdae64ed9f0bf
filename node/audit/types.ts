/** How the actor came in. `shell`: a program on the server machine, without the server; `system`: the server by itself. */
export const AUDIT_VIAS = ['socket', 'token', 'session', 'shell', 'system'] as const

/** One privileged act. Written before the act is acknowledged. */
export interface AuditEvent {
  readonly actor: string
  readonly via: (typeof AUDIT_VIAS)[number]
  /** `config.publish`, `config.rollback`, `task.dispatch`, `task.blocked`, `token.create`, `envoy.revoke`, `secret.set`, `secret.denied` … */
  readonly action: string
  /** A release, host, task or token. */
  readonly target: string
  readonly outcome: 'done' | 'refused' | 'failed'
  /** No secrets. */
  readonly details: Readonly<Record<string, string | number | boolean>>
}

/** `hash` is the SHA-256 of the canonical JSON of all else; `previous` is the hash of the entry before, or 64 zeros. */
export interface AuditEntry extends AuditEvent {
  readonly seq: number
  readonly at: string
  readonly previous: string
  readonly hash: string
}

/** Appending resolves when the entry is on disk. */
export interface Audit {
  append(event: AuditEvent): Promise<AuditEntry>
  /** The newest first. */
  read(options: { limit: number; before?: number }): Promise<readonly AuditEntry[]>
}

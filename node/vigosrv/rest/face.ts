import type { FastifyRequest } from 'fastify'
import { type AnyRoute, ApiError, type Caller } from '#node/api'
import { explainLocally, type Face, sessionOf, type UnixLogins, userNameOf } from '#node/api/server'
import type { Audit } from '#node/audit'
import { type Logger, messageOf, VigoError } from '#node/kit'
import type { Authentication } from '../http/authentication.ts'
import { mayActAs, type Principal } from '../http/principal.ts'

interface FaceParts {
  readonly audit: Audit
  readonly logger: Logger
}

/** Callers over the network: a token, or the session of a browser. */
export function networkFace(authentication: Authentication, { audit, logger }: FaceParts): Face<Principal> {
  return {
    identify: async ({ headers, ip }) => {
      const principal = authentication.ofBearer(headers.authorization, ip) ?? authentication.ofCookie(headers.cookie)
      if (principal !== null || headers.authorization === undefined) return principal
      throw new ApiError(
        'unauthorized',
        'the token is unknown, expired or revoked; an administrator can make another one: vigocli token create',
      )
    },
    authorise: authoriser(audit, 'send a token: Authorization: Bearer vgot_…'),
    explainFault: (error, route) => {
      logger.warn('request-failed', { path: route.path, reason: messageOf(error) })
      if (error instanceof VigoError) return error
      return new ApiError('internal', 'something failed on the server; its log says what')
    },
    logger,
    headers: { 'cache-control': 'no-store' },
  }
}

/** Callers on `vigosrv.sock`: root and the user of the server, who may do everything. */
export function socketFace(logins: UnixLogins, { audit, logger }: FaceParts): Face<Principal> {
  return {
    identify: async request => administrator(logins, request),
    authorise: authoriser(audit, 'log in first'),
    explainFault: (error, route) => {
      logger.warn('request-failed', { path: route.path, reason: messageOf(error) })
      return explainLocally(error)
    },
    logger,
    headers: {},
  }
}

async function administrator(logins: UnixLogins, request: FastifyRequest): Promise<Principal | null> {
  const user = logins.userOf(sessionOf(request))
  if (user === null) return null
  if (user.uid !== 0 && user.uid !== process.getuid?.()) {
    throw new ApiError('forbidden', 'only the administrator of this server may do this; use sudo')
  }
  return { name: (await userNameOf(user.uid)) ?? String(user.uid), role: 'admin', via: 'socket' }
}

/** Refused writes of those who are known are recorded: somebody tried. */
function authoriser(audit: Audit, hint: string): Face<Principal>['authorise'] {
  return async (caller, user, { route }) => {
    if (user === null) throw new ApiError('unauthorized', hint)
    const role = roleOf(caller)
    if (mayActAs(user, role)) return
    if (route !== null && isWrite(route)) {
      const { name, via } = user
      const details = { role: user.role, needed: role }
      await audit.append({ actor: name, via, action: 'api.refused', target: route.path, outcome: 'refused', details })
    }
    throw new ApiError('forbidden', `this needs the role ${role}; '${user.name}' is ${user.role}`)
  }
}

function roleOf(caller: Caller): Principal['role'] {
  return caller === 'viewer' || caller === 'operator' ? caller : 'admin'
}

function isWrite({ method }: AnyRoute): boolean {
  return method !== 'GET'
}

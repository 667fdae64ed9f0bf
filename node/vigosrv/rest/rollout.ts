import type { rolloutRoutes } from '#node/api'
import type { Handlers } from '#node/api/server'
import type { Audit } from '#node/audit'
import type { Principal } from '../http/principal.ts'
import type { Rollout } from '../rollout/types.ts'
import { recorded } from './recorded.ts'

export interface RolloutParts {
  readonly rollout: Rollout
  readonly audit: Audit
}

export function rolloutHandlers({ rollout, audit }: RolloutParts): Handlers<typeof rolloutRoutes, Principal> {
  return {
    rollout: async () => rollout.status(),
    announceRollout: async ({ body: { selector }, user }) =>
      await recorded(audit, user, { action: 'rollout.announce', target: selector }, () =>
        rollout.announce({ selector, by: user.name }),
      ),
    withdrawRollout: async ({ user }) => {
      await recorded(audit, user, { action: 'rollout.withdraw', target: '' }, () => rollout.withdraw())
      return {}
    },
    promoteRollout: async ({ body: { reason = '' }, user }) =>
      await recorded(audit, user, { action: 'rollout.promote', target: '', details: { reason } }, () =>
        rollout.promote({ by: user.name, reason }),
      ),
    stopRollout: async ({ body: { reason = '' }, user }) =>
      await recorded(audit, user, { action: 'rollout.stop', target: '', details: { reason } }, () =>
        rollout.stop({ by: user.name, reason }),
      ),
  }
}

import type { Declarations, Diagnostics, Located, RoleDeclaration } from '#config/lang'
import type { Crate } from './config-store.ts'
import { checkReference } from './names.ts'

export interface Names {
  readonly configcrates: ReadonlyMap<string, Crate>
  readonly usercrates: ReadonlyMap<string, Crate>
  readonly roles: ReadonlyMap<string, RoleDeclaration>
}

/** Reports what roles, entries, `common.vgo` and environments name and nobody declares. */
export function checkCarriers(declarations: readonly Declarations[], names: Names, diagnostics: Diagnostics): void {
  const check = new CarrierCheck(names, diagnostics)
  for (const { envoys, common, environments, roles } of declarations) {
    for (const carrier of [...envoys, ...(common === undefined ? [] : [common])]) {
      check.configcrates(carrier.configcrates)
      check.usercrates(carrier.usercrates)
      check.roles(carrier.roles)
    }
    for (const { configcrates, excludeConfigcrates } of environments) {
      check.configcrates(configcrates)
      check.configcrates(excludeConfigcrates)
    }
    for (const role of roles) {
      check.configcrates(role.configcrates)
      check.usercrates(role.usercrates)
      for (const { configcrates } of role.cases) check.configcrates(configcrates)
      check.includes(role)
    }
  }
}

class CarrierCheck {
  readonly #names: Names
  readonly #diagnostics: Diagnostics

  constructor(names: Names, diagnostics: Diagnostics) {
    this.#names = names
    this.#diagnostics = diagnostics
  }

  configcrates(all: readonly Located<string>[]): void {
    const { configcrates, usercrates, roles } = this.#names
    for (const name of all) {
      const instead = usercrates.has(name.value)
        ? `'${name.value}' is a usercrate: write it below 'usercrates:'`
        : roles.has(name.value)
          ? `'${name.value}' is a role: write it below 'roles:'`
          : undefined
      checkReference(name, configcrates, 'a configcrate', this.#diagnostics, instead)
    }
  }

  usercrates(all: readonly Located<string>[]): void {
    const { configcrates, usercrates } = this.#names
    for (const name of all) {
      const instead = configcrates.has(name.value)
        ? `'${name.value}' is a configcrate: write it below 'configcrates:'`
        : undefined
      checkReference(name, usercrates, 'a usercrate', this.#diagnostics, instead)
    }
  }

  roles(all: readonly Located<string>[]): void {
    const { configcrates, roles } = this.#names
    for (const name of all) {
      const instead = configcrates.has(name.value)
        ? `'${name.value}' is a configcrate: write it below 'configcrates:'`
        : undefined
      checkReference(name, roles, 'a role', this.#diagnostics, instead)
    }
  }

  /** Roles include roles, one level deep. */
  includes(role: RoleDeclaration): void {
    for (const name of role.includes) {
      if (!checkReference(name, this.#names.roles, 'a role', this.#diagnostics)) continue
      const included = this.#names.roles.get(name.value)
      const [deeper] = included?.includes ?? []
      if (included === undefined || deeper === undefined || name.value === role.name.value) continue
      const isCircle = included.includes.some(({ value }) => value === role.name.value)
      this.#diagnostics.error({
        code: isCircle ? 'role-cycle' : 'role-depth',
        span: name.span,
        message: isCircle
          ? `the roles '${role.name.value}' and '${name.value}' include each other`
          : `the role '${role.name.value}' includes '${name.value}', which includes '${deeper.value}' itself; one level is allowed`,
        hint: isCircle
          ? 'take one of the two away'
          : `let '${role.name.value}' include '${deeper.value}' as well, and take it away from '${name.value}'`,
        related: [{ span: deeper.span, message: `'${name.value}' includes '${deeper.value}' here` }],
      })
    }
  }
}

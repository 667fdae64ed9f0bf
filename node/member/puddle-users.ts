import type { Level } from 'level'

/** Which local users have shown that a puddle is theirs: they were the first here with a seat that it had just signed. */
export class PuddleUsers {
  readonly #db: Level

  constructor(db: Level) {
    this.#db = db
  }

  async note(uid: number, puddle: string): Promise<void> {
    await this.#section.put(`${puddle}/${uid}`, '1', { sync: true } as object)
  }

  async isOwner(uid: number, puddle: string): Promise<boolean> {
    return (await this.#section.get(`${puddle}/${uid}`)) !== undefined
  }

  get #section() {
    return this.#db.sublevel<string, string>('puddle-users', {})
  }
}

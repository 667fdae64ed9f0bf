import type { Stretch } from './redact.ts'

/** Each ends in one class of characters and has nothing optional before it, so that matching is linear. */
const FORMS: readonly RegExp[] = [
  /\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|sk-|pk_|rk_|vgot_|npm_|pypi-|hvs\.|dop_v1_|SG\.|AIza|ya29\.|AKIA|ASIA|eyJ)[A-Za-z0-9_.-]{8,}/g,
  /\$(?:[1-7]|2[abxy]|y|gy|argon2(?:i|d|id)|scrypt|pbkdf2[a-z0-9-]{0,20})\$[A-Za-z0-9./$,=+-]{8,}/g,
  /\b(?:Bearer|Basic|Digest)[ \t]{1,8}[A-Za-z0-9+/=_.~-]{8,}/gi,
]

const URL_PASSWORD = /:\/\/[^\s/?#@:'"]{0,128}:([^\s/?#@'"]{1,512})@/g
const LONG = /[A-Za-z0-9+_=-]{32,}/g

/** What is secret by its form, wherever it stands. */
export function tokenSecrets(text: string): Stretch[] {
  const found: Stretch[] = []
  for (const form of FORMS) {
    for (const { index, 0: token } of text.matchAll(form)) found.push({ start: index, end: index + token.length })
  }
  for (const { index, 0: all, 1: password = '' } of text.matchAll(URL_PASSWORD)) {
    const end = index + all.length - 1
    if (!password.startsWith('secret:')) found.push({ start: end - password.length, end })
  }
  for (const { index, 0: run } of text.matchAll(LONG)) {
    if (looksRandom(run)) found.push({ start: index, end: index + run.length })
  }
  return found
}

/** Digits among letters: no word, no ruler of dashes. Hashes look the same, and hiding one does no harm. */
function looksRandom(run: string): boolean {
  return /[0-9]/.test(run) && /[A-Za-z]/.test(run)
}

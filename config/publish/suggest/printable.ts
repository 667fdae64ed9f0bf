/** Text from outside as a terminal may show it: without escape sequences and other controls, but with lines and tabs. */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '')
}

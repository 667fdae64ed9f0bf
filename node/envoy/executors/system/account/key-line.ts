import { ExecutorError } from '../../errors.ts'

/** A line of authorized_keys: `[options ]type blob[ comment]`. */
export interface KeyLine {
  readonly options: string
  readonly type: string
  /** Base64; what makes two lines the same key. */
  readonly blob: string
  readonly comment: string
}

const TYPES = /^(?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-nistp(?:256|384|521)|sk-[a-z0-9-]+@openssh\.com)$/
const WORD = /^(?:[^\s"]|"(?:[^"\\]|\\.)*")+/

/** Null for blank lines, comments and what is no key. */
export function parseKeyLine(line: string): KeyLine | null {
  const text = line.trim()
  if (text === '' || text.startsWith('#')) return null
  const first = WORD.exec(text)?.[0] ?? ''
  const options = TYPES.test(first) ? '' : first
  const [, type = '', blob = '', comment = ''] =
    /^(\S+)\s+([A-Za-z0-9+/]+={0,2})(?:\s+(.*))?$/.exec(text.slice(options.length).trim()) ?? []
  return TYPES.test(type) ? { options, type, blob, comment: comment.trim() } : null
}

export function keyLine({ options, type, blob, comment }: KeyLine): string {
  return [options, type, blob, comment].filter(part => part !== '').join(' ')
}

/** The key that a resource names: a whole line, or only the blob. @throws ExecutorError 'failed' for what sshd would not take */
export function parseWantedKey(key: string, type: string | undefined): KeyLine {
  const text = key.trim()
  const line = /\s/.test(text) ? parseKeyLine(text) : { options: '', type: type ?? '', blob: text, comment: '' }
  if (line === null || /[\r\n\0]/.test(text)) {
    throw new ExecutorError('failed', `'${text.slice(0, 40)}…' is no SSH key; give the whole line of the .pub file`)
  }
  if (type !== undefined && type !== line.type) {
    throw new ExecutorError('failed', `the key is of type ${line.type}, and key_type says ${type}; leave key_type out`)
  }
  const inner = typeIn(line.blob)
  if (inner === null)
    throw new ExecutorError('failed', 'the key is damaged: its base64 holds no SSH key; copy it again')
  if (line.type !== '' && line.type !== inner) {
    throw new ExecutorError('failed', `the key says that it is ${line.type}, and its bytes are ${inner}; copy it again`)
  }
  return { ...line, type: inner }
}

/** The type that the bytes of a key begin with, after four bytes of its length. */
function typeIn(blob: string): string | null {
  const bytes = Buffer.from(blob, 'base64')
  if (bytes.length < 16) return null
  const length = bytes.readUInt32BE(0)
  const type = bytes.subarray(4, 4 + length).toString('latin1')
  return length <= 64 && TYPES.test(type) ? type : null
}

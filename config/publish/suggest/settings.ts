import { SuggestError } from './errors.ts'

/** `ai:` of `server.yaml`, with the key already resolved. */
export interface AiSettings {
  readonly enabled: boolean
  /** With or without the final `/v1`. */
  readonly baseUrl: string
  readonly model: string
  readonly apiKey?: string | undefined
  /** For the whole answer. Default: two minutes. */
  readonly timeoutMs?: number
  /** Until the next piece of the answer. Default: one minute, since a model on a small machine thinks before it speaks. */
  readonly idleMs?: number
}

/** Where answers come from. @throws SuggestError 'disabled', 'bad-settings' */
export function chatUrl({ enabled, baseUrl, model, apiKey }: AiSettings): URL {
  if (!enabled) {
    throw new SuggestError('disabled', 'suggestions are off; set ai.enabled, ai.base_url and ai.model in server.yaml')
  }
  if (model === '') throw new SuggestError('bad-settings', 'ai.model is empty; name a model that the server has')
  const url = URL.parse(baseUrl)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new SuggestError(
      'bad-settings',
      'ai.base_url is not an http or https address; write for example http://127.0.0.1:11434/v1',
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw new SuggestError('bad-settings', 'ai.base_url has a user or password in it; put the key into ai.api_key')
  }
  if (apiKey !== undefined && !/^[\x21-\x7e]{1,4096}$/.test(apiKey)) {
    throw new SuggestError('bad-settings', 'ai.api_key has blanks, line breaks or other characters that no key has')
  }
  if (apiKey !== undefined && url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new SuggestError('bad-settings', 'ai.api_key would cross the network unencrypted; use https in ai.base_url')
  }
  const path = url.pathname.replace(/\/{1,8}$/, '')
  url.pathname = path.endsWith('/v1') ? `${path}/chat/completions` : `${path}/v1/chat/completions`
  url.hash = ''
  return url
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.[0-9]{1,3}){3}$/.test(hostname)
}

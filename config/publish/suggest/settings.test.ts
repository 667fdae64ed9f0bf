import { describe, expect, test } from 'vitest'
import { KEY } from './fixture.ts'
import { type AiSettings, chatUrl } from './settings.ts'

describe('settings', () => {
  const settings: AiSettings = { enabled: true, baseUrl: 'https://ai.example', model: 'm', apiKey: KEY }

  test('name the server with or without the version', () => {
    for (const baseUrl of [
      'https://ai.example',
      'https://ai.example/',
      'https://ai.example/v1',
      'https://ai.example/v1/#x',
    ]) {
      expect(chatUrl({ ...settings, baseUrl }).href).toBe('https://ai.example/v1/chat/completions')
    }
    expect(chatUrl({ ...settings, baseUrl: 'https://h/api/openai' }).href).toBe(
      'https://h/api/openai/v1/chat/completions',
    )
    expect(chatUrl({ ...settings, baseUrl: 'http://localhost:11434' }).port).toBe('11434')
    expect(chatUrl({ ...settings, baseUrl: 'http://10.0.0.1', apiKey: undefined }).host).toBe('10.0.0.1')
  })

  test.each([
    [{ enabled: false }, 'disabled', 'suggestions are off; set ai.enabled, ai.base_url and ai.model in server.yaml'],
    [{ model: '' }, 'bad-settings', 'ai.model is empty; name a model that the server has'],
    [
      { baseUrl: 'ai.example' },
      'bad-settings',
      'ai.base_url is not an http or https address; write for example http://127.0.0.1:11434/v1',
    ],
    [{ baseUrl: 'file:///x' }, 'bad-settings', 'ai.base_url is not an http or https address'],
    [
      { baseUrl: 'https://u:p@h' },
      'bad-settings',
      'ai.base_url has a user or password in it; put the key into ai.api_key',
    ],
    [{ apiKey: 'a\nb' }, 'bad-settings', 'ai.api_key has blanks, line breaks or other characters that no key has'],
    [
      { baseUrl: 'http://ai.example' },
      'bad-settings',
      'ai.api_key would cross the network unencrypted; use https in ai.base_url',
    ],
  ])('that are wrong are refused: %j', (wrong, code, message) => {
    expect(() => chatUrl({ ...settings, ...wrong })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    )
  })
})

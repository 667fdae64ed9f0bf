import { isIP } from 'node:net'
import { HttpError } from './errors.ts'

/** One address of `api.listen`. */
export interface ListenAddress {
  readonly scheme: 'https' | 'http'
  readonly host: string
  readonly port: number
}

export const DEFAULT_LISTEN = ['https://0.0.0.0:8443']

/** @throws HttpError 'bad-settings' that names the key */
export function parseListen(urls: readonly string[], file: string): ListenAddress[] {
  return urls.map((text, at) => {
    const refuse = (why: string): never => {
      throw new HttpError('bad-settings', `${file}: api.listen.${at}: '${text}' ${why}`)
    }
    const url = URL.parse(text)
    if (url === null || !/^https?:$/.test(url.protocol)) return refuse('is no URL like https://0.0.0.0:8443')
    if (`${url.pathname}${url.search}${url.hash}${url.username}` !== '/')
      return refuse('has more than scheme, host and port')
    const scheme = url.protocol === 'https:' ? 'https' : 'http'
    const host = url.hostname.replace(/^\[|\]$/g, '')
    if (scheme === 'http' && !isLoopback(host)) {
      return refuse('would send tokens over the network in the clear; http:// is for 127.0.0.1 and ::1 only')
    }
    return { scheme, host, port: url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port) }
  })
}

export function urlOf({ scheme, host, port }: ListenAddress): string {
  return `${scheme}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

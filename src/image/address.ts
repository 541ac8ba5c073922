/**
 * Downloads one picture in Node, and decides which addresses may be asked. Private, loopback and link-local addresses are
 * refused unless the call allows them; the decision is made on the address that is really connected to, so neither a
 * redirect nor a name that changes its address gets around it. Knows no picture format.
 */
import { lookup as lookUp } from 'node:dns'
import { request as http, type IncomingMessage } from 'node:http'
import { request as https } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { PictureError } from './errors.ts'
import type { Limits } from './picture.ts'

/**
 * Which hosts may be asked for pictures: nobody, every public address, every address, or the hosts of a list. A host that
 * is listed may have a private address.
 */
export type Network = 'none' | 'public' | 'any' | readonly string[]

const mostRedirects = 5

const notPublic = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  notPublic.addSubnet(network, prefix, 'ipv4')
}
for (const [network, prefix] of [
  ['2001::', 23], // protocol assignments, among them Teredo, which carries IPv4 addresses
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4, which carries IPv4 addresses
] as const) {
  notPublic.addSubnet(network, prefix, 'ipv6')
}
const global6 = new BlockList() // all that IPv6 gives out to the public today
global6.addSubnet('2000::', 3, 'ipv6')

/** Whether an IP address belongs to the public internet. Mapped IPv4 (`::ffff:10.0.0.1`) and other forms are not public. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !notPublic.check(address, 'ipv4')
  return isIP(address) === 6 && global6.check(address, 'ipv6') && !notPublic.check(address, 'ipv6')
}

/**
 * Downloads one file over http or https. Redirects are followed, at most five, and each is checked like the first
 * address. Throws a PictureError when the address is refused, the answer is not 200, or a limit is passed.
 */
export async function download(
  url: URL,
  network: Network,
  limits: Limits,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const timeout = AbortSignal.timeout(limits.milliseconds)
  const stop = signal ? AbortSignal.any([signal, timeout]) : timeout
  try {
    let to = url
    for (let hop = 0; hop <= mostRedirects; hop++) {
      const response = await ask(to, network, stop)
      const { statusCode = 0, headers } = response
      if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
        response.destroy()
        to = new URL(headers.location, to)
        continue
      }
      if (statusCode !== 200) {
        response.destroy()
        throw new PictureError('missing', `${shown(to)} answered with status ${statusCode}, not with a picture`)
      }
      return await body(response, limits, shown(to))
    }
    throw new PictureError('missing', `${shown(url)} redirects more than ${mostRedirects} times`)
  } catch (error) {
    signal?.throwIfAborted()
    if (timeout.aborted) {
      const message = `${shown(url)} took longer than ${limits.milliseconds} ms: raise limits.milliseconds at the call`
      throw new PictureError('too large', message, { cause: error })
    }
    if (error instanceof PictureError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new PictureError('missing', `${shown(url)} cannot be reached: ${reason}`, { cause: error })
  }
}

/** An address for messages: without user, password and query, which may be secrets. */
export const shown = (url: URL): string => `${url.protocol}//${url.host}${url.pathname}`

function ask(url: URL, network: Network, signal: AbortSignal): Promise<IncomingMessage> {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new PictureError('refused', `${shown(url)} is neither http nor https`)
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const allowed = (address: string) => network === 'any' || listed(url, network) || isPublicAddress(address)
  const refusal = (address: string) =>
    new PictureError(
      'refused',
      `${shown(url)} is at ${address}, which is not a public address: pass { allow: { network: 'any' } } ` +
        'or a list of hosts where that is wanted',
    )
  if (network === 'none' || (Array.isArray(network) && !listed(url, network))) {
    const list = Array.isArray(network) ? `only ${network.join(', ') || 'no host'}` : 'no network'
    throw new PictureError('refused', `${shown(url)} is refused: this call allows ${list}`)
  }
  if (isIP(host) !== 0 && !allowed(host)) throw refusal(host)

  /** Runs at connection time: what passes here is what is connected to. */
  const lookup: LookupFunction = (name, options, callback) => {
    lookUp(name, { ...options, all: true }, (error, addresses) => {
      const wrong = error ? undefined : addresses.find(({ address }) => !allowed(address))
      if (error || wrong) callback(error ?? refusal(wrong!.address), [])
      else if (options.all) callback(null, addresses)
      else callback(null, addresses[0]!.address, addresses[0]!.family)
    })
  }
  const start = url.protocol === 'https:' ? https : http
  return new Promise((resolve, reject) => {
    // No agent: a connection that an earlier call was allowed to open is never used again.
    const headers = { accept: 'image/*', 'accept-encoding': 'identity', 'user-agent': 'qwen-vl' }
    start(url, { agent: false, signal, lookup, headers }, resolve).on('error', reject).end()
  })
}

const listed = (url: URL, network: Network) =>
  Array.isArray(network) && (network.includes(url.hostname) || network.includes(url.host))

async function body(response: IncomingMessage, limits: Limits, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response as AsyncIterable<Uint8Array>) {
    size += part.length
    if (size > limits.bytes) {
      response.destroy()
      const message = `${name} has more than ${limits.bytes} bytes: raise limits.bytes at the call`
      throw new PictureError('too large', message)
    }
    parts.push(part)
  }
  const said = Number(response.headers['content-length'] ?? size)
  if (said !== size) throw new PictureError('corrupt', `${name} broke off: ${size} of ${said} bytes came`)
  return new Uint8Array(Buffer.concat(parts))
}

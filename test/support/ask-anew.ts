import { request } from 'node:http'

/**
 * Asks over a connection of its own: none that a process holds which may have died or stands still.
 * @returns the status @throws {Error} when the connection breaks, or nothing came within the time
 */
export function askAnew(
  url: string,
  { key, body, timeoutMs = 30_000 }: { readonly key?: string; readonly body?: string; readonly timeoutMs?: number },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      agent: false,
      method: body === undefined ? 'GET' : 'POST',
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(timeoutMs),
    })
    asked.on('error', reject)
    asked.on('response', (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
      response.on('error', reject)
    })
    asked.end(body)
  })
}

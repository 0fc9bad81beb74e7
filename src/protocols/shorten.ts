/** A message cut so that, written as JSON in UTF-8, it takes at most so many bytes: an answer stays within a kilobyte. */
export function shorten(message: string, most = 900): string {
  let short = message.slice(0, most)
  while (Buffer.byteLength(JSON.stringify(short)) > most) short = short.slice(0, Math.floor(short.length * 0.9))
  return short.length === message.length ? message : `${short}…`
}

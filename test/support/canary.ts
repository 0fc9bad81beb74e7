import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { createKey } from '../../src/auth/api-key.ts'
import { createAccessKeyPair } from '../../src/auth/master-key.ts'

/** Secrets that are planted, each in the place where its kind stands, and must turn up nowhere else. */
export interface Canary {
  /** A bearer key. */
  readonly key: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Password of a URL: `https://user:PASSWORD@host/`. */
  readonly urlPassword: string
  /** Value of a header that is nobody's business. */
  readonly headerValue: string
  /** A value of a column that is to be redacted. */
  readonly columnValue: string
}

/** Where a secret turned up. */
export interface Sighting {
  readonly secret: keyof Canary
  /** As it was written there: as it is, cut, or encoded. */
  readonly form: string
  /** A file's path, or `text 1`. */
  readonly where: string
  /** What stands around it, without the secret. */
  readonly around: string
}

/** New secrets: whatever a test finds of them was put there by it. */
export function createCanary(): Canary {
  const marked = (name: string) => `canary-${name}-${randomBytes(12).toString('hex')}`
  return {
    key: createKey(),
    ...createAccessKeyPair(),
    urlPassword: marked('password'),
    headerValue: marked('header'),
    columnValue: marked('column'),
  }
}

/** Ids are no secrets: they may be shown. */
const PUBLIC: ReadonlySet<string> = new Set<keyof Canary>(['accessKeyId'])

/** A part of a secret as long as this gives it away. */
const PART = 16

/** Characters of a key that may be shown, to tell it by (`hint`). */
const HINT = 12

/** Looks for all forms of the secrets. @param texts logs, answers, metrics @param folders all files below, also packed ones */
export function findCanary(
  canary: Canary,
  { texts = [], folders = [] }: { readonly texts?: readonly string[]; readonly folders?: readonly string[] },
): Sighting[] {
  const forms = Object.entries(canary)
    .filter(([name]) => !PUBLIC.has(name))
    .flatMap(([name, secret]: [string, string]) =>
      formsOf(secret).map((form) => ({ secret: name as keyof Canary, ...form })),
    )
  const found: Sighting[] = []
  const look = (bytes: Buffer, where: string): void => {
    for (const { secret, form, text } of forms) {
      const at = bytes.indexOf(text)
      if (at < 0) continue
      const before = bytes.subarray(Math.max(0, at - 60), at).toString('utf8')
      found.push({ secret, form, where, around: `${before}[${secret}]` })
    }
  }
  texts.forEach((text, i) => look(Buffer.from(text), `text ${i + 1}`))
  for (const folder of folders)
    for (const path of filesBelow(folder)) {
      const bytes = readFileSync(path)
      look(bytes, relative(folder, path))
      if (bytes[0] === 0x1f && bytes[1] === 0x8b) look(unpacked(bytes), `${relative(folder, path)} (unpacked)`)
    }
  return found
}

/**
 * Fails where a secret is in a text or in a file.
 * @param except paths, relative to their folder, of files that are there to hold secrets (`credentials.json`)
 */
export function expectNoCanary(
  canary: Canary,
  places: { readonly texts?: readonly string[]; readonly folders?: readonly string[] },
  except: readonly string[] = [],
): void {
  const found = findCanary(canary, places).filter(({ where }) => !except.includes(where))
  if (found.length === 0) return
  const lines = found.map(({ secret, form, where, around }) => `${secret} (${form}) in ${where}: …${around}`)
  throw new Error(`secrets turned up where they do not belong:\n${lines.join('\n')}`)
}

/** A secret as it is, a part of it, its end, in hexadecimal, and in base64 at each of its three offsets. */
function formsOf(secret: string): { form: string; text: string }[] {
  const forms = [
    { form: 'as it is', text: secret.slice(HINT, HINT + PART) },
    { form: 'its end', text: secret.slice(-PART) },
    { form: 'in hexadecimal', text: Buffer.from(secret.slice(HINT)).toString('hex') },
  ]
  for (let offset = 0; offset < 3; offset++) {
    // only the digits that no neighbour has a part in
    const text = Buffer.from(`${'x'.repeat(offset)}${secret}`)
      .toString('base64')
      .replace(/=+$/, '')
    forms.push({ form: 'in base64', text: text.slice(offset === 0 ? 0 : 4, -4) })
  }
  return forms
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
}

function unpacked(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: 2 ** 28 })
  } catch {
    return Buffer.alloc(0) // only its beginning looked packed
  }
}

import type { IncomingMessage } from 'node:http'
import type { NewVersion } from '../../api/api-types.ts'
import { RESOURCE_SCHEMAS } from '../../api/resource-schemas.ts'
import { ServingError } from '../../core/errors.ts'
import { formatBytes, quote } from '../../core/text.ts'
import { check } from './check.ts'
import type { UploadFiles } from './doors.ts'
import { boundaryOf, readParts } from './multipart.ts'
import { parseJson, readAll } from './read-json.ts'
import { checkFileName } from './file-name.ts'

/** A field that is no file is at most so long (bytes). */
const MAX_FIELD_BYTES = 65_536
/** Where files whose size is not known beforehand are held in memory (bytes). */
const MAX_HELD_BYTES = 32 * 1_048_576

export interface ReceivedFile {
  readonly fileName: string
  readonly sizeBytes: number
  readonly sha256: string
}

/**
 * A version's form: the part `file`, and `fileName`, `description`, `how` where they are sent.
 * @param id of the upload that the file becomes
 * @throws {ServingError} `invalid_argument`, `too_large`; nothing is left of the file then
 */
export async function receiveForm(
  incoming: IncomingMessage,
  { id, uploads, signal }: { readonly id: string; readonly uploads: UploadFiles; readonly signal: AbortSignal },
): Promise<{ readonly file: ReceivedFile; readonly fields: Omit<NewVersion, 'source'> }> {
  const boundary = boundaryOf(incoming.headers['content-type'] ?? '')
  const texts = new Map<string, string>()
  let file: ReceivedFile | undefined
  try {
    for await (const part of readParts(incoming, boundary)) {
      if (part.name === 'file') {
        if (file !== undefined)
          throw new ServingError('invalid_argument', 'the form has two parts "file": it takes one')
        const fileName = checkFileName(part.fileName ?? texts.get('fileName') ?? 'model')
        file = await receive(uploads, { id, fileName, content: part.content, signal })
      } else {
        if (texts.has(part.name)) throw new ServingError('invalid_argument', `the form has ${quote(part.name)} twice`)
        texts.set(part.name, (await readAll(part.content, MAX_FIELD_BYTES)).toString('utf8'))
      }
    }
    if (file === undefined) throw new ServingError('invalid_argument', 'the form lacks the part "file"')
    return { file, fields: fieldsOf(texts) }
  } catch (error) {
    if (file !== undefined) await uploads.remove(id)
    throw error
  }
}

async function receive(
  uploads: UploadFiles,
  {
    id,
    fileName,
    content,
    signal,
  }: {
    readonly id: string
    readonly fileName: string
    readonly content: AsyncIterable<Uint8Array>
    readonly signal: AbortSignal
  },
): Promise<ReceivedFile> {
  if (uploads.receive !== undefined) return uploads.receive(id, fileName, content, { signal })
  const bytes = await readAll(content, MAX_HELD_BYTES).catch((error: unknown) => {
    if (!(error instanceof ServingError) || error.code !== 'too_large') throw error
    const most = formatBytes(MAX_HELD_BYTES)
    throw new ServingError('too_large', `a file in a form is at most ${most}: send it as an upload, in parts`, {
      details: { maxBytes: MAX_HELD_BYTES },
    })
  })
  const { partBytes } = await uploads.begin(id, { fileName, sizeBytes: bytes.length })
  try {
    for (let part = 1, at = 0; at < bytes.length; part++, at += partBytes)
      await uploads.putPart(id, part, once(bytes.subarray(at, at + partBytes)), { signal })
    return await uploads.complete(id)
  } catch (error) {
    await uploads.remove(id)
    throw error
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function fieldsOf(texts: ReadonlyMap<string, string>): Omit<NewVersion, 'source'> {
  const { how, ...others } = Object.fromEntries(texts)
  const document = { ...others, ...(how === undefined ? {} : { how: parseJson(Buffer.from(how)) }) }
  const { source: _source, ...properties } = RESOURCE_SCHEMAS['NewVersion']?.properties ?? {}
  check({ type: 'object', properties, required: [], additionalProperties: false }, document, 'form')
  if (others['fileName'] !== undefined) checkFileName(others['fileName'])
  return document as Omit<NewVersion, 'source'> // as was checked
}
